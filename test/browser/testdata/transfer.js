// What the page by the library does differently with holdfast-transfer: it asks for whole
// transfers.
import { TransferClient } from 'holdfast-transfer'

const client = new TransferClient(connect.core.getSDKClientConfig())
const contactId = () => crm.contact().getContactId()

crm.client = client
crm.consult = name => client.warm(contactId(), name).then(() => {})

crm.handOver = async name => {
  const transfer = await client.cold(contactId(), name)
  for await (const state of transfer) crm.log('transfer', [state.stage, state.target.name, state.outcome])
  const outcome = await transfer.outcome()
  if (outcome.outcome === 'completed') console.log('Cold transfer complete')
}
