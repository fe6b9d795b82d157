// A page that embeds the agent's page by Amazon Connect Streams, as an integrator
// would write it. It logs what the library tells it.
'use strict'

const crm = (() => {
  const element = id => document.getElementById(id)
  const agent = () => new connect.Agent()

  function log(event, detail = null) {
    const line = JSON.stringify({ event, detail })
    element('log').append(Object.assign(document.createElement('div'), { textContent: line }))
    element('log').scrollTop = element('log').scrollHeight
    window.holdfastLog?.(line)
  }

  // What goes on within the library; all else is logged, events of one contact
  // only without its id.
  const within = ['log', 'acknowledge', 'api_response', 'api_metric', 'client_metric', 'server_bound_internal_log', 'agent::update']
  const isWithin = event => within.includes(event) || event.split('::').length > 2

  function show() {
    element('agent').textContent = agent().getState().name
    const rows = agent().getContacts().flatMap(contact => contact.getConnections()).map(describe)
    element('connections').innerHTML = ''
    for (const { type, state, endpoint } of rows) {
      const row = element('connections').insertRow()
      for (const text of [type, state, endpoint]) row.insertCell().textContent = text
    }
  }

  const describe = connection => ({
    type: connection.getType(),
    state: connection.getStatus().type,
    endpoint: connection.getEndpoint()?.phoneNumber ?? connection.getEndpoint()?.name ?? '',
  })

  // detail is what is worth logging of what an event comes with.
  function detail(data) {
    if (data instanceof connect.Contact) {
      return { contact: data.getContactId(), state: data.getStatus().type, connections: data.getConnections().map(describe) }
    }
    if (data instanceof connect.Agent) return { state: data.getState().name }
    return data?.newState ? { from: data.oldState, to: data.newState } : null
  }

  // fired counts the events that the subscriptions of a page have got.
  const fired = { agent: 0, contact: 0 }

  function start(ccpUrl) {
    connect.core.initCCP(element('ccp'), {
      ccpUrl,
      loginPopup: false,
      softphone: { allowFramedSoftphone: true },
    })
    connect.core.getEventBus().subscribeAll((data, event) => {
      if (isWithin(event)) return
      try {
        log(event, detail(data))
      } catch (gone) { // a contact that has been removed
        log(event, String(gone.message))
      }
    })
    connect.agent(found => {
      show()
      found.onRefresh(show)
      found.onRefresh(() => fired.agent++)
    })
    connect.contact(called => called.onRefresh(() => fired.contact++))
  }

  // again ends the library and begins anew, as a page does that changes its agent.
  function again() {
    const ccpUrl = document.querySelector('#ccp iframe').src
    connect.core.terminate()
    document.querySelector('#ccp iframe').remove()
    start(ccpUrl)
  }

  // reloads loads the frame of the agent's page anew and makes a call every few ms until
  // it has loaded. It results in how many calls were made. The first of them may be lost:
  // they can come when there is no document that could take them.
  function reloads() {
    const frame = document.querySelector('#ccp iframe')
    frame.src = frame.src
    return new Promise(done => {
      let calls = 0
      const each = setInterval(() => trying(`reload ${calls++}`, told => agent().getEndpoints(agent().getAllQueueARNs(), told)), 5)
      frame.addEventListener('load', () => {
        clearInterval(each)
        done(calls)
      }, { once: true })
    })
  }

  // pending counts the calls of a name that have not been answered, from a number on.
  const pending = (name, from) => Object.entries(settled).filter(([called, told]) => {
    const [of, number] = called.split(' ')
    return of === name && number >= from && told === ''
  }).length

  // settled has what has become of calls that were made by trying.
  const settled = {}

  // trying makes a call of Streams without waiting for it.
  function trying(name, call) {
    settled[name] = ''
    asked(name, call).then(() => { settled[name] = 'granted' }, error => { settled[name] = error.message })
  }

  // asked makes a call of Streams and waits for what becomes of it.
  const asked = (name, call) => new Promise((granted, refused) => {
    log('asked', name)
    call({
      success: data => { log('granted', name); granted(data) },
      failure: error => {
        log('refused', { name, error: error?.message ?? String(error) })
        refused(new Error(`${name}: ${error?.message ?? error}`))
      },
    })
  })

  const contact = () => agent().getContacts(connect.ContactType.VOICE)[0]
  const ringing = () => agent().getContacts(connect.ContactType.VOICE).find(contact => contact.getStatus().type === 'connecting')
  const leg = type => contact()?.getConnections().find(connection => connection.getType() === type)

  // pickedUp waits until the third party of a contact has picked up.
  const pickedUp = called => new Promise((yes, no) => {
    const refresh = called.getEventName(connect.ContactEvents.REFRESH)
    const waiting = connect.core.getEventBus().subscribe(refresh, () => {
      const target = leg(connect.ConnectionType.OUTBOUND)
      if (target?.isConnecting()) return
      waiting.unsubscribe()
      if (target?.isConnected()) yes()
      else no(new Error('the third party did not pick up'))
    })
  })

  // coldTransfer: the agent leaves once the third party has picked up. It calls
  // what the brief calls, in that order.
  async function coldTransfer(endpoint) {
    const customer = leg(connect.ConnectionType.INBOUND)
    if (!customer.isOnHold()) await asked('hold', told => customer.hold(told))
    const called = contact()
    await asked('addConnection', told => called.addConnection(endpoint, told))
    await pickedUp(called)
    await asked('conferenceConnections', told => contact().conferenceConnections(told))
    await asked('destroy', told => contact().getAgentConnection().destroy(told))
  }

  // sampleTransfer: as in a sample of AWS, the agent leaves at once.
  async function sampleTransfer(endpoint) {
    await asked('addConnection', told => contact().addConnection(endpoint, told))
    await asked('destroy', told => contact().getAgentConnection().destroy(told))
  }

  // transfer is coldTransfer, or what the brief has for it if the brief is there.
  const transfer = endpoint => typeof coldTransferToDestination === 'function'
    ? coldTransferToDestination(endpoint)
    : coldTransfer(endpoint).then(() => console.log('Cold transfer complete'), error => console.error(error.message))

  const number = number => connect.Endpoint.byPhoneNumber(number)

  // quickConnect finds an endpoint of the agent's queues by its name.
  const quickConnect = name => asked('getEndpoints', told => agent().getEndpoints(agent().getAllQueueARNs(), told))
    .then(({ endpoints }) => endpoints.find(endpoint => endpoint.name === name))

  // What scripts ask of both pages of the CRM.
  const isThere = () => connect.agent.initialized
  const isRinging = () => Boolean(ringing())
  const isOver = () => contact()?.getStatus().type === 'ended' && agent().getState().name === 'AfterCallWork'
  const accept = () => asked('accept', told => ringing().accept(told))
  const hold = () => asked('hold', told => leg('inbound').hold(told))
  const resume = () => asked('resume', told => leg('inbound').resume(told))
  const consult = name => quickConnect(name).then(endpoint => asked('addConnection', told => contact().addConnection(endpoint, told)))
  const handOver = name => quickConnect(name).then(transfer)

  return { log, isThere, isRinging, isOver, accept, hold, resume, consult, handOver, start, again, reloads, fired, trying, settled, pending, asked, agent, contact, ringing, leg, transfer, coldTransfer, sampleTransfer, number, quickConnect }
})()

// What the brief leaves out, as it describes it.
const _getContact = () => crm.contact()
const _getConnectionByType = (connections, type) => connections.find(connection => connection.getType() === type)

crm.start(new URLSearchParams(location.search).get('ccp'))
