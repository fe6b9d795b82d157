// The session of this window: the browser's cookie, or, embedded at another site where
// the browser sends none, a token. The token is kept in this tab and is never part of a
// URL.

const place = "holdfast-session";

export const isEmbedded = window.parent !== window;

let token = null;
try {
  if (isEmbedded) token = sessionStorage.getItem(place); // also after Streams has replaced the frame
} catch {
  // storage is not allowed here: a frame that is loaded again asks for another token
}

// keep has requests show a token from now on; null: none.
export function keep(given) {
  token = given;
  try {
    if (given === null) sessionStorage.removeItem(place);
    else sessionStorage.setItem(place, given);
  } catch {
    // as above
  }
}

function ask(path, options) {
  return fetch(`/ccp-v2/${path}`, { ...options, headers: { ...options.headers, ...(token && { Authorization: `Bearer ${token}` }) } });
}

// protocols are those of a WebSocket that shows the token.
export function protocols() {
  return token ? ["holdfast", `token.${token}`] : [];
}

// whoAmI returns the logged-in agent, null if there is none, or undefined if the
// server cannot be reached.
export async function whoAmI() {
  try {
    const answer = await ask("session", { cache: "no-store", signal: AbortSignal.timeout(3_000) });
    if (answer.status === 401 && token) {
      keep(null);
      return whoAmI(); // there may be a cookie
    }
    if (answer.status === 401) return null;
    return answer.ok ? (await answer.json()).agent : undefined;
  } catch {
    return undefined;
  }
}

// post returns the server's answer, or { error }.
export async function post(path, body) {
  try {
    const answer = await ask(path, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal: AbortSignal.timeout(20_000),
    });
    const said = await answer.json();
    return answer.ok ? said : { error: said.error ?? "It did not work." };
  } catch {
    return { error: "The server cannot be reached." };
  }
}
