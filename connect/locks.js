// holdLock holds a Web Lock, so that one tab of the agent runs transfers. It calls
// granted() when this tab holds the lock, and waits() when another tab has it, also when
// that takes it over. It resolves after the signal is aborted, and to false if the browser
// has no locks for this page.
export async function holdLock(locks, name, { granted, waits, signal }) {
  const released = new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  const hold = (lock) => {
    if (!lock || signal.aborted) return;
    granted();
    return released;
  };
  while (!signal.aborted) {
    try {
      await locks.request(name, { ifAvailable: true }, hold);
      if (signal.aborted) break;
      waits();
      await locks.request(name, { signal }, hold);
    } catch (error) {
      if (error?.name !== "AbortError") return false;
      if (!signal.aborted) waits(); // the lock was stolen
    }
  }
  return true;
}
