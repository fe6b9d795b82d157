// The element around transfers that the test plays.
import '/connect/element.js'

const element = document.querySelector('holdfast-transfer')
const part = name => element.shadowRoot.querySelector(`[part=${name}]`)
const asked = []
let state = { status: 'starting', text: 'Transfers are not ready yet.', customer: 'talking', stuck: '', canConfirm: false }
let changed
let end
const outcome = new Promise(resolve => { end = resolve })
const command = name => () => Promise.resolve(asked.push(name))
const transfer = { id: 'k1_t1', outcome: () => outcome, cancel: command('cancel'), complete: command('complete'), confirm: command('confirm') }

window.violations = []
document.addEventListener('securitypolicyviolation', ({ violatedDirective }) => violations.push(violatedDirective))
window.outcomes = []
document.addEventListener('holdfast-outcome', ({ detail }) => outcomes.push(detail.outcome))
window.page = {
  asked,
  // press presses the button that has the focus.
  press: name => { part(name).focus(); part(name).click() },
  set: given => { state = { ...state, ...given }; changed() },
  end: detail => end(detail),
  under: given => page.set({ transfer: { transferId: 'k1_t1', kind: 'cold', stage: 'reaching', target: { kind: 'agent', address: 'arn', name: 'Cardiology' }, ...given } }),
  shown: () => ({
    status: part('status').textContent,
    alert: part('alert').textContent,
    buttons: ['start', 'confirm', 'complete', 'cancel'].filter(name => part(name).checkVisibility() && !part(name).disabled).join(' '),
    focus: element.shadowRoot.activeElement?.getAttribute('part') ?? '',
    display: getComputedStyle(element).display,
  }),
}
element.transfers = {
  get state() { return state },
  onChange: listener => { changed = listener; return () => {} },
  get: async () => transfer,
  cold: async (to, options) => {
    asked.push(JSON.stringify([to, options]))
    if (state.refuse) throw new Error(state.refuse)
    page.under({})
    return transfer
  },
}
