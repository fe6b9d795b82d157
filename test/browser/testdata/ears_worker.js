// Tells the page what arrives in G.711, and passes it on.
onrtctransform = ({ transformer: { readable, writable, options: { port } } }) => {
  const tell = new TransformStream({
    transform(packet, next) {
      const { mimeType, rtpTimestamp } = packet.getMetadata()
      if (mimeType === 'audio/PCMU') port.postMessage({ at: rtpTimestamp, payload: new Uint8Array(packet.data) })
      next.enqueue(packet)
    },
  })
  readable.pipeThrough(tell).pipeTo(writable)
}
