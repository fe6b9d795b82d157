// Runs Holdfast's engine: holdfast.wasm and wasm_exec.js lie beside this file. It is a
// classic worker. Messages are passed on as they are, in both directions; if the engine
// cannot be loaded, {type: "failed", text} is posted.

/* global Go */

const waiting = [];

const failed = (error) => {
  waiting.length = 0;
  self.onmessage = null;
  postMessage({ type: "failed", text: `The transfer engine could not be loaded: ${error?.message ?? error}` });
};

self.onmessage = ({ data }) => {
  if (self.holdfastEngine) self.holdfastEngine.take(data);
  else waiting.push(data);
};

self.holdfastPage = {
  post(message) {
    postMessage(message);
    if (message.type === "ready") for (const data of waiting.splice(0)) self.holdfastEngine.take(data);
  },
};

// A server that gives .wasm another type than application/wasm makes
// instantiateStreaming fail; then the whole file is read first.
async function instantiate(url, imports) {
  const response = await fetch(url, { credentials: "same-origin" });
  if (!response.ok) throw new Error(`${url} has the status ${response.status}`);
  const type = response.headers.get("Content-Type")?.split(";")[0].trim();
  if (WebAssembly.instantiateStreaming && type === "application/wasm") {
    return WebAssembly.instantiateStreaming(response, imports);
  }
  return WebAssembly.instantiate(await response.arrayBuffer(), imports);
}

async function run() {
  const here = (name) => new URL(name, self.location.href).href;
  importScripts(here("wasm_exec.js"));
  const go = new Go();
  const { instance } = await instantiate(here("holdfast.wasm"), go.importObject);
  go.run(instance).then(() => failed("it has ended"), failed);
}

run().catch(failed);
