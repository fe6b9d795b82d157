// A page that embeds the agent's page by the Amazon Connect SDK alone, as an integrator
// would write it. It logs what the SDK tells it.
import { AgentClient, ContactClient } from '@amazon-connect/contact'
import { AmazonConnectStreamsSite } from '@amazon-connect/site-streams'
import { VoiceClient } from '@amazon-connect/voice'

const ccp = new URLSearchParams(location.search).get('ccp')
const { provider } = AmazonConnectStreamsSite.init({ instanceUrl: ccp })
const frame = Object.assign(document.createElement('iframe'), { src: ccp, allow: 'microphone; autoplay' })
provider.setCCPIframe(frame)
document.body.prepend(frame)

const agent = new AgentClient(provider)
const contact = new ContactClient(provider)
const voice = new VoiceClient(provider)

function log(event, detail = null) {
  const line = JSON.stringify({ event, detail })
  document.getElementById('log').append(Object.assign(document.createElement('div'), { textContent: line }))
  window.holdfastLog?.(line)
}

// What the topics have told: the state of each contact, and the agent's.
const states = new Map()
let agentState = ''
let there = false

const follow = (on, state) => contact[on](({ contactId }) => {
  log(on, contactId)
  states.set(contactId, state)
})
follow('onConnecting', 'connecting')
follow('onConnected', 'connected')
follow('onStartingAcw', 'ended')
follow('onMissed', 'missed')
contact.onCleared(({ contactId }) => states.delete(contactId))
contact.onParticipantAdded(({ participant }) => log('onParticipantAdded', participant.participantId))
contact.onParticipantDisconnected(({ participant }) => log('onParticipantDisconnected', participant.participantId))
voice.onParticipantHold(({ participantId }) => log('onParticipantHold', participantId))
voice.onParticipantResume(({ participantId }) => log('onParticipantResume', participantId))
agent.onAvailabilityStateChanged(({ state }) => {
  log('onAvailabilityStateChanged', state.name)
  agentState = state.name
})
agent.getName().then(name => {
  log('agent', name)
  there = true
})

const withState = wanted => [...states].findLast(([, state]) => state === wanted)?.[0]
const quickConnect = async name => (await agent.listQuickConnects([])).quickConnects.find(one => one.name === name)
const customer = async contactId => (await contact.listParticipants(contactId)).find(one => one.isInitial).participantId

// settled waits until a participant has answered or has gone.
const settled = participantId => new Promise(settle => {
  contact.onParticipantStateChanged(function changed({ state }) {
    log('onParticipantStateChanged', [participantId, state.value])
    if (state.value === 'connecting') return
    contact.offParticipantStateChanged(changed, participantId)
    settle(state.value)
  }, participantId)
})

// coldTransfer: the agent leaves once the third party has picked up.
async function coldTransfer(contactId, target) {
  await voice.holdParticipant(await customer(contactId))
  const { participantId } = await contact.addParticipant(contactId, target)
  if (await settled(participantId) !== 'connected') {
    throw new Error(await contact.getAttribute(contactId, 'transferFailed') ?? 'the call has ended')
  }
  await voice.conferenceParticipants(contactId)
  await contact.disconnectSelf(contactId)
}

window.crm = {
  agent, contact, voice, provider,
  isThere: () => there,
  isRinging: () => withState('connecting') !== undefined,
  isOver: () => withState('ended') !== undefined && agentState === 'AfterCallWork',
  accept: () => contact.accept(withState('connecting')),
  resume: async () => voice.resumeParticipant(await customer(withState('connected'))),
  consult: async name => contact.addParticipant(withState('connected'), await quickConnect(name)),
  handOver: async name => {
    try {
      await coldTransfer(withState('connected'), await quickConnect(name))
      console.log('Cold transfer complete')
    } catch (error) {
      log('failed', error.reason ?? error.message)
    }
  },
}
