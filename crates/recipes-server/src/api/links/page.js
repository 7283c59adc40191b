"use strict";

// What the link carries, which is no business of the history or of whoever looks at the screen.
const token = location.hash.slice(1);
history.replaceState(null, "", location.pathname);

// Another link in the same tab changes nothing but what is behind the #, and would go unnoticed.
addEventListener("hashchange", () => location.reload());

const form = document.querySelector("form");
const outcome = document.getElementById("outcome");

function end(message) {
  form.hidden = true;
  outcome.textContent = message;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    const response = await fetch(form.dataset.action, {
      method: "POST",
      credentials: "omit",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ [form.dataset.token ?? "token"]: token, ...Object.fromEntries(new FormData(form)) }),
    });
    if (response.ok) return end(form.dataset.done);
    const { message, errors = [] } = await response.json();
    if (errors.some(({ pointer }) => pointer === "/token")) {
      return end("This link is not or no longer good: it works once, for 30 minutes. Ask for a new mail.");
    }
    const [problem] = errors;
    outcome.textContent = problem ? `The ${problem.pointer.slice(1)} ${problem.message}.` : message;
  } catch {
    outcome.textContent = "The service cannot be reached. Try again in a moment.";
  }
  button.disabled = false;
});

if (!token) end("Open the link in your mail as a whole: the part after # is missing.");
