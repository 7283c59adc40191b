"""A browser without a window: it keeps cookies, follows redirects and fills in forms."""
import html, http.client, re, urllib.parse


class Browser:
    """Keeps the cookies of each server, and follows redirects. It stops before an address that starts with `stops_at`."""

    def __init__(self, stops_at=None):
        self.cookies, self.stops_at = {}, stops_at

    def ask(self, url, fields=None):
        """The last URL, its status, headers and page."""
        parts = urllib.parse.urlsplit(url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=20)
        cookies = self.cookies.setdefault(parts.netloc, {})
        headers = {"Accept": "text/html", "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
        if fields is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        body = None if fields is None else urllib.parse.urlencode(fields)
        connection.request("GET" if fields is None else "POST", path, body, headers)
        response = connection.getresponse()
        page = response.read().decode()
        for line in response.headers.get_all("set-cookie") or []:
            name, _, value = line.split(";")[0].partition("=")
            cookies[name] = value
        connection.close()
        if location := response.headers.get("location"):
            location = urllib.parse.urljoin(url, location)
            if self.stops_at and location.startswith(self.stops_at):
                return location, response.status, response.headers, page
            return self.ask(location)
        return url, response.status, response.headers, page


def submit(browser, url, page, **more):
    action = urllib.parse.urljoin(url, html.unescape(re.search(r'<form method="post" action="([^"]*)"', page)[1]))
    hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page)
    return browser.ask(action, {name: html.unescape(value) for name, value in hidden} | more)
