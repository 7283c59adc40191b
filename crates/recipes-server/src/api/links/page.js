"use strict";

// The token of the link. It is removed from the address, so that neither the history nor the screen shows it.
const token = location.hash.slice(1);
history.replaceState(null, "", location.pathname);

// Opening another link in the same tab changes only the part after #, which does not reload the page.
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
      return end("This link is not valid any more: it works once, for 30 minutes. Request a new mail.");
    }
    const [problem] = errors;
    outcome.textContent = problem ? `The ${problem.pointer.slice(1)} ${problem.message}.` : message;
  } catch {
    outcome.textContent = "The service cannot be reached. Try again in a moment.";
  }
  button.disabled = false;
});

if (!token) end("The part of the link after # is missing. Open the whole link of the mail.");
