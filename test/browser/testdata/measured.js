// The engine's worker, which also answers how much memory WebAssembly has.
{
  const inner = WebAssembly.instantiateStreaming
  let memory
  WebAssembly.instantiateStreaming = async (...from) => {
    const built = await inner(...from)
    memory = built.instance.exports.mem
    return built
  }
  const asked = new BroadcastChannel('measured')
  asked.onmessage = ({ data }) => data === 'wasm' && asked.postMessage({ wasm: memory.buffer.byteLength })
}
importScripts('worker.js')
