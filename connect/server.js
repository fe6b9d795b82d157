// This file finds the engine of a Holdfast server behind the agent's page.

import { request } from "./errors.js";

export const transferNamespace = "holdfast.transfer";

// serverProxy returns the proxy of our namespace on an SDK provider. It is what
// ConnectClient has as context.proxy, for pages without a bundler.
export function serverProxy(provider) {
  const proxy = provider.getProxy();
  const namespace = transferNamespace;
  return {
    request: (command, data) => proxy.request(namespace, command, data),
    subscribe: (topic, handler) => proxy.subscribe({ ...topic, namespace }, handler),
    unsubscribe: (topic, handler) => proxy.unsubscribe({ ...topic, namespace }, handler),
  };
}

// findServer returns the proxy if a Holdfast server answers there in time. Any other page
// answers that it knows no such handler, or never.
export async function findServer(provider, clock, within) {
  if (!provider) return undefined;
  let timer;
  const late = new Promise((resolve) => (timer = clock.setTimeout(() => resolve(false), within)));
  try {
    const proxy = serverProxy(provider);
    return (await Promise.race([isHoldfast(proxy), late])) ? proxy : undefined;
  } catch {
    return undefined; // the provider has no proxy
  } finally {
    clock.clearTimeout(timer);
  }
}

// isHoldfast asks for a transfer that cannot exist. Only Holdfast refuses that by our code.
const isHoldfast = (proxy) =>
  request(proxy, "get", { contactId: "holdfast" }).then(
    () => true,
    (error) => error?.code === "no-such-transfer",
  );
