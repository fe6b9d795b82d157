// A page that embeds the agent's page by the Amazon Connect SDK alone, with the engine.
import { AmazonConnectStreamsSite } from '@amazon-connect/site-streams'
import { Holdfast } from '/connect/sdk.js'
import { useEngine } from '/engine_crm.js'

const ccp = new URLSearchParams(location.search).get('ccp')
const { provider } = AmazonConnectStreamsSite.init({ instanceUrl: ccp })
const frame = Object.assign(document.createElement('iframe'), { src: ccp, allow: 'microphone; autoplay' })
provider.setCCPIframe(frame)
document.body.prepend(frame)

const began = performance.now()
window.crm = useEngine({}, await Holdfast.attach({ sdk: provider }), began)
