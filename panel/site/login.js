// Logging in and out.

import { setText } from "./refs.js";

const form = document.querySelector("#login form");
const error = form.querySelector(".error");

async function post(path, body) {
  try {
    const answer = await fetch(`/ccp-v2/${path}`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal: AbortSignal.timeout(20_000),
    });
    return answer.ok ? "" : ((await answer.json()).error ?? "It did not work.");
  } catch {
    return "The server cannot be reached.";
  }
}

// logIn shows the form until an agent has logged in.
export function logIn(show) {
  show("login");
  setText(error, "");
  (form.name.value ? form.password : form.elements.name).focus();
  return new Promise((resolve) => {
    form.onsubmit = async (event) => {
      event.preventDefault();
      const button = form.querySelector("button");
      button.disabled = true;
      setText(error, "");
      const wrong = await post("login", { name: form.elements.name.value, password: form.elements.password.value });
      button.disabled = false;
      form.elements.password.value = "";
      if (!wrong) return resolve();
      setText(error, wrong);
      form.elements.password.focus();
    };
  });
}

// logOut returns an error, or "".
export function logOut() {
  return post("logout", {});
}
