// A desktop page that asks Holdfast for whole transfers. It uses every member of
// holdfast-transfer.

import type { ConnectClientConfig } from "@amazon-connect/core";
import {
  isTransferError,
  Transfer,
  TransferClient,
  TransferError,
  transferNamespace,
  type Abandoned,
  type Attempt,
  type Cancelled,
  type Completed,
  type DialCode,
  type Failed,
  type FailureCode,
  type Kind,
  type Outcome,
  type Reason,
  type RefusalCode,
  type StreamsEndpoint,
  type Target,
  type To,
  type TransferOptions,
  type TransferState,
  type UnderWay,
  type WaitOptions,
} from "holdfast-transfer";

// What this page uses of Amazon Connect Streams.
interface Contact {
  getContactId(): string;
}
declare const connect: {
  core: {
    initCCP(container: HTMLElement, options: object): void;
    getSDKClientConfig(): ConnectClientConfig;
  };
  contact(found: (contact: Contact) => void): void;
};

const ccpUrl = new URLSearchParams(location.search).get("ccp") ?? "http://localhost:8090/ccp-v2/";
const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const form = element<HTMLFormElement>("form");

connect.core.initCCP(element("ccp"), { ccpUrl, loginPopup: true, softphone: { allowFramedSoftphone: true } });
const client = new TransferClient(connect.core.getSDKClientConfig());

let contactId = "";
let current: Transfer | undefined;
let cancelling = new AbortController();
let watching = new AbortController();

// A page that was reloaded finds a transfer that is under way.
connect.contact((contact) => {
  contactId = contact.getContactId();
  watching.abort();
  watching = new AbortController();
  show(client.watch(contactId, { signal: watching.signal })).catch(() => {}); // the next contact has come
  client.get(contactId).then((found) => found && follow(found), report);
});

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const data = new FormData(form);
  const others = [String(data.get("else"))].filter((name) => name !== "");
  const to: To[] = [String(data.get("to")), ...others];
  void start(data.get("kind") as Kind, to, data.has("confirm")).catch(report);
});
element("cancel").addEventListener("click", () => void current?.cancel().catch(report));
element("complete").addEventListener("click", () => void current?.complete().catch(report));

async function start(kind: Kind, to: readonly To[], confirm: boolean): Promise<void> {
  cancelling = new AbortController();
  const options: TransferOptions = {
    key: crypto.randomUUID(),
    confirm,
    whisper: false,
    resume: false,
    parallel: false,
    supersede: false,
    ringFor: "20s",
    cancelSignal: cancelling.signal,
  };
  await follow(await client[kind](contactId, to, options));
}

// toQuickConnect hands over to an endpoint of Streams, and takes that back when the page
// asks for it.
export async function toQuickConnect(endpoint: StreamsEndpoint): Promise<() => void> {
  const transfer = await client.blind(contactId, endpoint, { cancelSignal: cancelling.signal });
  await follow(transfer);
  return () => cancelling.abort();
}

// consult talks to a target first.
export const consult = (to: string): Promise<Transfer> => client.warm(contactId, to);

// answered is for an engine in the page, which cannot see whether an agent has answered.
export const answered = (transfer: Transfer): Promise<void> => transfer.confirm();

// instead hands over to another target than the one that rings.
export const instead = (to: string): Promise<Transfer> => client.cold(contactId, to, { supersede: true });

// outcomeWithin waits for at most so long. The transfer goes on after that.
export async function outcomeWithin(ms: number, transfer: Transfer): Promise<Outcome | TransferState> {
  const wait: WaitOptions = { signal: AbortSignal.timeout(ms) };
  return transfer.outcome(wait).catch(() => transfer.state);
}

async function follow(transfer: Transfer): Promise<void> {
  if (transfer.contactId !== contactId) return;
  current = transfer;
  for await (const state of transfer) console.log(details(state));
  const outcome = await transfer.outcome();
  element("outcomes").append(Object.assign(document.createElement("li"), { textContent: inWords(outcome) }));
}

async function show(states: AsyncIterable<TransferState>): Promise<void> {
  for await (const state of states) element("state").textContent = inWords(state);
}

const nameOf = ({ name, address, kind }: Target): string => name ?? `${kind} ${address}`;

function inWords(state: TransferState): string {
  if (state.stage !== "ended") return underWay(state);
  switch (state.outcome) {
    case "completed":
      return completed(state);
    case "failed":
      return failed(state);
    case "cancelled":
      return cancelled(state);
    case "abandoned":
      return abandoned(state);
    default:
      return state satisfies never;
  }
}

function underWay({ stage, target, remaining = [], joinBy }: UnderWay): string {
  switch (stage) {
    case "reaching":
      return `${nameOf(target)} rings${remaining.map((next) => `, then ${nameOf(next)}`).join("")}`;
    case "consulting":
      return `you talk to ${nameOf(target)}, until ${joinBy} at the latest`;
    case "joining":
      return `${nameOf(target)} has answered`;
    default:
      return stage satisfies never;
  }
}

const completed = ({ target, text, unproven }: Completed): string =>
  text ?? `${nameOf(target)} ${unproven ? "may have" : "has"} the customer`;
const failed = ({ text, reason }: Failed): string => `${text}${worthAnother(reason) ? " Try another one." : ""}`;
const cancelled = ({ reason }: Cancelled): string => (reason === "superseded" ? "replaced by another transfer" : "taken back");
const abandoned = ({ reason }: Abandoned): string => (reason === "customer-left" ? "the customer has left" : reason);
const worthAnother = (reason: Reason): boolean => reason === "busy" || reason === "no-answer";

// details is a line for the log, with everything there is to know.
function details(state: TransferState): string {
  const { transferId, contactId, id, key = "no key", kind, by, ringFor, confirm, whisper, resume, requested, attempts } = state;
  const manner = Object.entries({ confirm, whisper, resume }).flatMap(([name, on]) => (on ? [name] : []));
  const ended = state.stage === "ended" ? `, ended ${state.ended}` : "";
  const head = `${transferNamespace} ${transferId} (${id}, ${key}) of ${contactId} by ${by}: ${kind}, ${ringFor} ${manner.join(" ")}`;
  return [`${head}, requested ${requested}${ended}`, ...attempts.map(tried)].join("\n  ");
}

function tried({ connection, target, dialled, rang, answered, accepted, ended, reason, detail }: Attempt): string {
  const times = Object.entries({ dialled, rang, answered, accepted, ended }).flatMap(([what, at]) => (at ? [`${what} ${at}`] : []));
  return `${connection} ${nameOf(target)}: ${times.join(", ")} ${reason ?? ""} ${detail ?? ""}`;
}

function report(error: unknown): void {
  if (!isTransferError(error)) throw error;
  const { name, code, message, cause }: TransferError = error;
  console.warn(name, code, cause);
  element("state").textContent = `${message}${advice(code)}`;
}

// advice knows some of the codes; there may be others.
function advice(code: TransferError["code"]): string {
  const known: Partial<Record<RefusalCode | DialCode | FailureCode, string>> = {
    "transfer-under-way": " Cancel that first.",
    denied: " Ask for permission.",
    unavailable: " Try again.",
  };
  return code in known ? known[code as keyof typeof known] ?? "" : "";
}

// nextChange waits for the next state of a transfer, and no longer.
export async function nextChange(transfer: Transfer): Promise<string> {
  const states = transfer.progress();
  const { value } = await states.next();
  await states.return?.();
  return `${transfer.id}: ${value ? inWords(value as TransferState) : "nothing"}`;
}

// toNumber hands over to an endpoint as Streams makes one of a number.
export const toNumber = (phoneNumber: string): Promise<() => void> =>
  toQuickConnect({ endpointARN: null, endpointId: null, type: "phone_number", name: null, phoneNumber });
