// workerPort starts the engine in a worker of the page's origin and returns the port to
// it. The worker compiles WebAssembly, which the page itself may not by its policy.
export function workerPort(url) {
  const early = [];
  let take = (message) => early.push(["message", message]);
  let fail = (error) => early.push(["error", error]);
  let worker;
  try {
    worker = new Worker(trusted(url));
    worker.addEventListener("message", ({ data }) => take(data));
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      fail(event.message || `${url} cannot be loaded`);
    });
    worker.addEventListener("messageerror", () => fail("a message cannot be read"));
  } catch (error) {
    fail(error); // the page's policy, or an address of another origin
  }
  return {
    post: (message) => worker?.postMessage(message),
    listen(onMessage, onFailure) {
      [take, fail] = [onMessage, onFailure];
      for (const [kind, value] of early.splice(0)) (kind === "error" ? fail : take)(value);
    },
    close: () => worker?.terminate(),
  };
}

// trusted: a page may demand Trusted Types. A policy is created once.
let policy;
function trusted(url) {
  policy ??= globalThis.trustedTypes?.createPolicy("holdfast", { createScriptURL: String });
  return policy?.createScriptURL(url) ?? url;
}
