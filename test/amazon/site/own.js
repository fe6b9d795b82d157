// This page passes messages on between the page around it and the server: those of
// Amazon Connect Streams, and those of the port of the Amazon Connect SDK.
const times = ['timestamp', 'timeStamp', 'startTimestamp', 'queueTimestamp', 'snapshotTimestamp']
const revive = (key, value) => times.includes(key) && typeof value === 'number' ? new Date(value * 1000) : value

const origin = location.ancestorOrigins[0]
const socket = new WebSocket(`${location.protocol.replace('http', 'ws')}//${location.host}/page`)
const { port1: port, port2 } = new MessageChannel()

socket.onmessage = ({ data }) => {
  const message = JSON.parse(data, revive)
  if (message.port) return port.postMessage(message.port)
  const { event, data: inner } = message.post
  if (event === 'agent::update') {
    inner.snapshot.localTimestamp = Date.now()
    inner.snapshot.skew = inner.snapshot.snapshotTimestamp - inner.snapshot.localTimestamp
  }
  parent.postMessage({ event, data: inner }, origin)
}

const ignored = ['broadcast', 'configure', 'outer_context_info', 'iframe_style']
addEventListener('message', ({ data, source }) => {
  if (source === parent && data?.event && !ignored.includes(data.event)) socket.send(JSON.stringify({ post: data }))
})

let checks = 0
port.onmessage = ({ data }) => {
  switch (data.type) {
    case 'cross-domain-site-ready':
      return port.postMessage({ type: 'acknowledge', connectionId: 'own', status: { initialized: true, startTime: new Date() }, healthCheckInterval: 5000 })
    case 'healthCheck':
      return port.postMessage({ type: 'healthCheckResponse', time: Date.now(), counter: ++checks })
    case 'request': case 'subscribe': case 'unsubscribe':
      socket.send(JSON.stringify({ port: data }))
  }
}
socket.onopen = () => parent.postMessage({ type: 'cross-domain-adapter-init' }, origin, [port2])
