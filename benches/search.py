#!/usr/bin/env python3
"""Search over generated recipes: benches/search.py --recipes 1000000, with RECIPES=path/to/a/release/build.

The recipes recombine the lines of the sample recipes, with a fixed seed. Prints how fast the index is built, its size and the memory of
the server, then the latency of each kind of search over HTTP with the documents of a page of 20, one client, beside what it may be; then,
while 500 recipes a second are written, whether each is found by the next search after its 201, and how long that search takes.
With DATABASE_URL=postgres://.. the database is on that server, and must be empty; otherwise it is a file. `--keep FOLDER` keeps the
database and the index there and uses them again.
"""
import argparse, http.client, json, os, shutil, subprocess, sys, tempfile, threading, time, urllib.parse
from pathlib import Path

from servers import ROOT, free_port

SECRET = "a secret for measurements only, 32 bytes and more"
PAGE = 20
LABELS = ["Alcohol-Free", "Celery-Free", "Crustacean-Free", "Dairy-Free", "Egg-Free", "Fish-Free", "Gluten-Free", "High-Fiber", "Keto-Friendly",
          "Kosher", "Low-Carb", "Low-Sodium", "Lupine-Free", "Mediterranean", "Mustard-Free", "Paleo", "Peanut-Free", "Pescatarian", "Pork-Free",
          "Sesame-Free", "Soy-Free", "Sugar-Conscious", "Vegan", "Vegetarian"]
CUISINES = ["American", "Austrian", "Brazilian", "British", "Chinese", "Ethiopian", "Filipino", "Finnish", "French", "Georgian", "Greek", "Indian",
            "Italian", "Japanese", "Mexican", "Spanish", "Tanzanian", "Tunisian", "Ukrainian", "Venezuelan"]
CATEGORIES = ["Bread", "Breakfast", "Cake", "Dessert", "Drink", "Main", "Pasta", "Salad", "Side", "Snack", "Soup", "Starter"]
DISHES = ["Bread", "Soup", "Pie", "Stew", "Salad", "Cake", "Curry", "Risotto", "Pancakes", "Dumplings", "Casserole", "Omelette"]
MANNERS = ["Easy", "Golden", "Slow", "Spicy", "Creamy", "Rustic", "Smoky", "Crisp", "Sweet", "Grandmother's"]
CHINESE_NAMES = ["番茄炒蛋", "红烧牛肉", "豆沙包", "麻婆豆腐", "清炒西兰花", "葱油拌面"]
CHINESE_LINES = ["番茄 2 个", "鸡蛋 3 个", "酱油 1 勺", "热锅放油,下葱姜爆香。", "加水没过牛肉,小火炖一小时。", "撒上葱花即可出锅。"]


class Random:
    """SplitMix64: the same recipes on every machine, and each from its number alone."""

    def __init__(self, seed):
        self.state = seed * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF

    def next(self):
        self.state = self.state + 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF
        z = (self.state ^ self.state >> 30) * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
        z = (z ^ z >> 27) * 0x94D049BB133111EB & 0xFFFFFFFFFFFFFFFF
        return z ^ z >> 31

    def below(self, limit):
        return self.next() % limit

    def of(self, items):
        return items[self.next() % len(items)]

    def some(self, items, least, most):
        return [self.of(items) for _ in range(least + self.below(most - least + 1))]

    def surname(self):
        """Some are frequent and most are rare: the product of two numbers is skewed."""
        number = self.below(400) * self.below(400)
        return "".join("kalomineruvasotepidagubelo"[2 * (number // 13**place % 13) :][:2] for place in range(4)).capitalize()


class Lines:
    def __init__(self):
        sample = json.loads((ROOT / "crates/recipes-server/sample/recipes.json").read_text())
        self.ingredients = [line for recipe in sample for line in recipe["ingredients"]]
        self.steps = [line for recipe in sample for line in recipe.get("instructions", [])]
        self.keywords = sorted({word for recipe in sample for word in recipe.get("keywords", [])})
        self.descriptions = [recipe["description"] for recipe in sample]

    def recipe(self, number):
        random = Random(number + 1)
        is_chinese = random.below(20) == 0
        minutes = 5 + random.below(115)
        recipe = {
            "name": f"{random.of(MANNERS)} {random.surname()} {random.of(DISHES)}",
            "healthLabels": sorted(set(random.some(LABELS, 0, 6))),
            "prepTimeMinutes": minutes // 3,
            "cookTimeMinutes": minutes - minutes // 3,
            "ingredients": random.some(self.ingredients, 5, 10),
            "instructions": random.some(self.steps, 3, 6),
            "description": random.of(self.descriptions) + (" Serve it with bread." if random.below(10) < 2 else ""),
            "cuisine": [random.of(CUISINES)],
            "category": [random.of(CATEGORIES)],
            "keywords": random.some(self.keywords, 1, 3),
            "language": "en",
            "visibility": "private" if random.below(10) == 0 else "public",
            "createdAt": f"20{10 + random.below(15)}-{1 + random.below(12):02}-{1 + random.below(28):02}T12:00:00Z",
        }
        recipe["updatedAt"] = recipe["createdAt"][:11] + f"{12 + random.below(12)}:{random.below(60):02}:{random.below(60):02}Z"
        if is_chinese:
            recipe |= {"name": random.of(CHINESE_NAMES) + random.surname(), "language": "zh", "cuisine": ["Chinese"],
                       "ingredients": random.some(CHINESE_LINES, 2, 3), "instructions": random.some(CHINESE_LINES, 2, 3)}
        return recipe


# Kind, paths, and what p95 may be in ms at ten thousand, one million and 2.2 million recipes, without the 2 ms of HTTP and documents.
ROWS = [
    ("common word", ["q=bread+", "q=salt+", "q=butter+"], (2, 2, 2)),
    ("rare word", ["q=kakalomi+", "q=mikakalo+"], (2, 2, 2)),
    ("three words", ["q=salt+water+oil+", "q=bread+milk+sugar+", "q=onion+garlic+oil+"], (2, 25, 45)),
    ("prefix", ["q=garl", "q=oni", "q=butt"], (2, 10, 20)),
    ("phrase", ["q=%22olive+oil%22", "q=%22sour+cream%22", "q=%22red+bean%22", "q=%22salt+and%22"], (2, 150, 350)),
    ("word, label, time", ["q=bread+&label=vegan&maxTotalMinutes=45", "q=salt+&label=kosher&maxTotalMinutes=30"], (2, 10, 10)),
    ("word, without label", ["q=bread+&excludeLabel=gluten-free", "q=salt+-garlic"], (2, 10, 10)),
    ("filters, newest first", ["label=vegan&maxTotalMinutes=45&sort=-updatedAt", "sort=-updatedAt"], (2, 1, 1)),
    ("page 100 by relevance", ["q=bread+"], (2, 6, 10)),
    ("page 100, newest first", ["label=vegan&sort=-updatedAt"], (2, 1, 1)),
    ("Chinese", ["q=" + urllib.parse.quote(text) for text in ("番茄", "牛肉", "葱", "麻婆豆腐")], (2, 2, 2)),
    ("total of a common word", ["q=bread+", "q=salt+"], (2, 8, 25)),
    ("facets of a common word", ["q=bread+", "q=butter+"], (2, 50, 100)),
    ("suggestions", ["q=gar", "q=bre", "q=creamy+ka"], (2, 10, 20)),
]
OVER_HTTP = 2


class Server:
    def __init__(self, folder, program, settings):
        self.port = free_port()
        settings = settings | {"PORT": str(self.port)}
        self.process = subprocess.Popen([program, "serve"], cwd=folder, env=settings)
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def request(self, method, path, body=None, headers=None, connection=None):
        connection = connection or self.connection
        headers = {"Content-Type": "application/json"} | (headers or {})
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        text = response.read()
        return response.status, text

    def get(self, path, headers=None):
        status, text = self.request("GET", path, headers=headers)
        if status != 200:
            sys.exit(f"{path}: {status} {text.decode()}")
        return text

    def wait_for_the_index(self):
        """The seconds from the first to the last recipe of the index."""
        began = None
        while True:
            try:
                status, text = self.request("GET", "/readyz")
                progress = json.loads(text).get("search")
                began = began or time.perf_counter()
                if status == 200 and not progress:
                    return time.perf_counter() - began
            except OSError:
                self.connection.close()
            if self.process.poll() is not None:
                sys.exit("the server has ended")
            time.sleep(0.05)

    def memory(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        kib = lambda name: next(int(line.split()[1]) for line in status.splitlines() if line.startswith(name))
        return f"{kib('RssAnon') / 1024:.0f} MiB anonymous, {kib('RssFile') / 1024:.0f} MiB mapped"

    def stop(self):
        self.process.terminate()
        self.process.wait()


def percentile(times, share):
    times = sorted(times)
    return 1000 * times[min(len(times) - 1, int(share * len(times)))]


def timed(server, kind, queries, seconds):
    headers = {"Prefer": "count=exact"} if kind.startswith("total") else None
    route = {"facets": "/facets", "suggestions": "/suggest"}.get(kind.split()[0], "")
    paths = []
    for query in queries:
        path = f"/api/v1/recipes{route}?{query}" + ("" if route else f"&limit={PAGE}")
        if kind.startswith("page 100"):
            for _ in range(99):
                cursor = json.loads(server.get(path)).get("nextCursor")
                if not cursor:
                    break
                path = f"/api/v1/recipes?{query}&limit={PAGE}&cursor={cursor}"
        paths.append(path)
    times, until = [], time.perf_counter() + seconds
    for path in paths:
        server.get(path, headers)
    while time.perf_counter() < until or len(times) < 20:
        path = paths[len(times) % len(paths)]
        began = time.perf_counter()
        server.get(path, headers)
        times.append(time.perf_counter() - began)
    return times


def freshness(server, lines, seconds, rate):
    """Writes at a rate over several connections; each tenth recipe is searched right after its 201."""
    account = {"name": "Ada", "email": "ada@example.com", "password": "correct horse battery staple"}
    status, text = server.request("POST", "/api/v1/users/signup", account)
    if status != 200:
        status, text = server.request("POST", "/api/v1/users/login", account)
    headers = {"Authorization": "Bearer " + json.loads(text)["token"]}
    writes, searches, lost, stale, lock = [], [], [], [], threading.Lock()
    clients, began = 8, time.perf_counter()

    def write(client):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        due, number = began + client / rate, 0
        while due < began + seconds:
            time.sleep(max(0, due - time.perf_counter()))
            word = "fresh" + "".join(chr(97 + int(digit)) for digit in f"{client}{number}")
            body = lines.recipe(10_000_000 + client * 1_000_000 + number) | {"visibility": "public"}
            body["name"] += " " + word
            start = time.perf_counter()
            status, _ = server.request("POST", "/api/v1/recipes", body, headers, connection)
            writes.append(time.perf_counter() - start)
            if number % 10 == 0:
                start = time.perf_counter()
                _, text = server.request("GET", f"/api/v1/recipes?q={word}", None, headers, connection)
                page = json.loads(text)
                with lock:
                    searches.append(time.perf_counter() - start)
                    stale.extend([word] if page.get("stale") else [])
                    lost.extend([word] if not page["data"] and not page.get("stale") else [])
            due, number = due + clients / rate, number + 1

    threads = [threading.Thread(target=write, args=(client,)) for client in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"{len(writes) / (time.perf_counter() - began):,.0f} writes a second: p50 {percentile(writes, .5):.1f} ms, p95 {percentile(writes, .95):.1f} ms")
    print(f"found after 201: {len(searches) - len(lost) - len(stale)} of {len(searches)}, {len(stale)} answered as stale; "
          f"search p50 {percentile(searches, .5):.1f} ms, p95 {percentile(searches, .95):.1f} ms (may be 150)")
    if lost:
        sys.exit(f"not found by the next search, and not said to be stale: {lost[:5]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipes", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=3, help="of each row")
    parser.add_argument("--rate", type=int, default=500, help="writes a second")
    parser.add_argument("--keep", type=Path, help="folder of the database and the index")
    options = parser.parse_args()
    program = os.environ["RECIPES"]
    folder = options.keep or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    settings = {"DATA_DIR": ".", "JWT_SECRET": SECRET, "LOG": "warn", "RATE_LIMITS": "off", "QUOTA_RECIPES": "off", "QUOTA_BYTES": "off",
                "DATABASE_URL": os.environ.get("DATABASE_URL", "sqlite:bench.db"), "MAIL_FROM": "bench@example.com"}
    lines, column = Lines(), 0 if options.recipes < 300_000 else 1 if options.recipes < 1_600_000 else 2
    server = None
    try:
        if not (folder / "filled").exists():
            began = time.perf_counter()
            importing = subprocess.Popen([program, "import", "--duplicates", "copy", "-"], cwd=folder, env=settings, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
            for number in range(options.recipes):
                importing.stdin.write(json.dumps(lines.recipe(number), ensure_ascii=False).encode() + b"\n")
            importing.stdin.close()
            if importing.wait():
                sys.exit("the import has failed")
            took = time.perf_counter() - began
            print(f"import    {options.recipes:,} recipes in {took:.0f} s, {options.recipes / took:,.0f} a second")
            (folder / "filled").touch()
        is_new = not (folder / "search").exists()
        server = Server(folder, program, settings)
        took = server.wait_for_the_index()
        if is_new:
            print(f"index     built in {took:.1f} s, {options.recipes / max(took, 0.001):,.0f} recipes a second")
        size = sum(file.stat().st_size for file in (folder / "search").iterdir())
        print(f"          {size / 2**20:,.0f} MiB on the disk, {size / options.recipes:,.0f} bytes a recipe")
        print(f"memory    {server.memory()}, before the first search")
        print(f"\n{'search':26}{'p50':>9}{'p95':>9}{'may be':>9}")
        is_slow = False
        for kind, queries, limits in ROWS:
            times = timed(server, kind, queries, options.seconds)
            limit, p95 = limits[column] + OVER_HTTP, percentile(times, 0.95)
            is_slow |= p95 > limit
            print(f"{kind:26}{percentile(times, 0.5):9.2f}{p95:9.2f}{limit:9}{'  slow' if p95 > limit else ''}")
        print(f"\nmemory    {server.memory()}, after the searches")
        freshness(server, lines, 4 * options.seconds, options.rate)
        print(f"memory    {server.memory()}, after the writes")
        sys.exit(1 if is_slow else 0)
    finally:
        if server:
            server.stop()
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)


main()
