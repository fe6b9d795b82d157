import { ConnectClient, type ConnectClientConfig } from "@amazon-connect/core";

/** The namespace of these commands on the port of the Amazon Connect SDK. */
export declare const transferNamespace = "holdfast.transfer";

/**
 * When the agent leaves. cold: after the target has answered. warm: the agent talks to
 * the target first, then completes. blind: at once, while the target rings.
 */
export type Kind = "cold" | "warm" | "blind";

/**
 * A target as a page names it: an endpoint of Amazon Connect Streams or a quick connect
 * of the SDK, or a text that a person would type: the name of an endpoint, an agent or
 * a queue, a phone number such as "+493012345", or a sip: address.
 */
export type To = string | StreamsEndpoint;

/** An endpoint of Streams, or a quick connect of the SDK. */
export interface StreamsEndpoint {
  endpointARN?: string | null;
  endpointId?: string | null;
  type?: string | null;
  name?: string | null;
  phoneNumber?: string | null;
}

export interface TransferOptions {
  /** The same key in the same contact is the same transfer: it is started once. */
  key?: string;
  /** A target who answers must press 1 to take the customer: a voicemail does not. */
  confirm?: boolean;
  /** A target who answers first hears an announcement of the caller. */
  whisper?: boolean;
  /** The customer is taken off hold when the transfer fails or is cancelled. */
  resume?: boolean;
  /** All targets ring at once, instead of one after the other. */
  parallel?: boolean;
  /** A transfer whose targets still ring is cancelled in favour of this one. */
  supersede?: boolean;
  /** How long each target may ring, at most an hour. As configured if it is missing. */
  ringFor?: `${number}${"s" | "m"}`;
  /**
   * Aborting it cancels the transfer, as Transfer.cancel does. If it is aborted before
   * the request is sent, nothing is started, and the call rejects with its reason.
   */
  cancelSignal?: AbortSignal;
}

export interface WaitOptions {
  /**
   * Aborting it ends the wait, which rejects with the signal's reason. The transfer goes
   * on.
   */
  signal?: AbortSignal;
}

/** Who a target is. */
export interface Target {
  readonly kind: "number" | "uri" | "agent" | "queue";
  readonly address: string;
  readonly name?: string;
}

/** Why a target could not be reached, or did not stay. */
export type Reason =
  | "busy"
  | "no-answer"
  | "declined"
  | "unreachable"
  | "not-found"
  | "denied"
  | "left-early"
  | "customer-left"
  | "not-accepted"
  | "elsewhere"
  | "superseded"
  | "too-long"
  | "cancelled"
  | "hung-up"
  | "line-lost"
  | "requested"
  | "error";

/** One try at one target. All times are in ISO 8601. */
export interface Attempt {
  readonly connection: number;
  readonly target: Target;
  readonly dialled: string;
  readonly rang?: string;
  readonly answered?: string;
  /** When the target pressed 1, if that was asked for. */
  readonly accepted?: string;
  readonly ended?: string;
  readonly reason?: Reason;
  /** The answer of the target's line, such as "486 Busy Here". */
  readonly detail?: string;
}

interface Common {
  /** Also the connectionId of the third party in Streams. */
  readonly transferId: string;
  /** The contactId of the agent who asked. */
  readonly contactId: string;
  /** The transfer's id within its contact, as in the HTTP interface. */
  readonly id: string;
  readonly kind: Kind;
  readonly key?: string;
  /** The number of the agent's connection within the contact. */
  readonly by: number;
  readonly ringFor: string;
  readonly confirm?: boolean;
  readonly whisper?: boolean;
  readonly resume?: boolean;
  /** The target that has accepted, or else the one tried last. */
  readonly target: Target;
  readonly attempts: readonly Attempt[];
  /** Targets that have not been tried. */
  readonly remaining?: readonly Target[];
  readonly requested: string;
}

/** A transfer that is under way. */
export interface UnderWay extends Common {
  /**
   * reaching: targets ring. consulting: the agent talks to the target of a warm transfer.
   * joining: the target has accepted, and customer and target are being joined.
   */
  readonly stage: "reaching" | "consulting" | "joining";
  /** When joining or consulting ends at the latest. */
  readonly joinBy?: string;
  readonly outcome?: undefined;
}

interface Ended extends Common {
  readonly stage: "ended";
  readonly ended: string;
}

/** The target has the customer. */
export interface Completed extends Ended {
  readonly outcome: "completed";
  /** Set if the target left just afterwards: the customer then comes back to the agent. */
  readonly text?: string;
  /**
   * Nothing has shown that a person answered. Only the engine in the page sets this, for
   * blind transfers and for agents and queues that were assumed to answer.
   */
  readonly unproven?: boolean;
}

/** No target took the customer, who is with the agent again. */
export interface Failed extends Ended {
  readonly outcome: "failed";
  readonly reason: Reason;
  /** A sentence for the agent, such as "cardiology is busy." */
  readonly text: string;
}

/** The agent took the transfer back, or started another one instead ("superseded"). */
export interface Cancelled extends Ended {
  readonly outcome: "cancelled";
  readonly reason: Reason;
}

/** The customer left before the transfer was decided. */
export interface Abandoned extends Ended {
  readonly outcome: "abandoned";
  readonly reason: Reason;
}

export type Outcome = Completed | Failed | Cancelled | Abandoned;

/** How a transfer is: under way, or with its outcome. */
export type TransferState = UnderWay | Outcome;

/**
 * A handle to a transfer, which goes on when the handle is forgotten. A server's transfer
 * also goes on when the page is closed or the agent has left the contact; the engine in
 * the page carries it on after a reload.
 */
export declare class Transfer implements AsyncIterable<TransferState> {
  private constructor();
  readonly id: string;
  readonly contactId: string;
  /** How the transfer was when this handle last heard of it. */
  readonly state: TransferState;
  /**
   * Iterates over how the transfer is, from now on. The last one is its outcome. States
   * between two that are published may be missing.
   */
  progress(options?: WaitOptions): AsyncIterableIterator<TransferState>;
  /** The same as progress(). */
  [Symbol.asyncIterator](): AsyncIterableIterator<TransferState>;
  /**
   * Waits for the outcome. A transfer that fails is an outcome, not an error. Rejects with
   * a TransferError if the engine in the page stops (unavailable) or another tab takes the
   * transfer over (other-tab): this page will not see the outcome then. So does progress().
   */
  outcome(options?: WaitOptions): Promise<Outcome>;
  /** Takes the transfer back. Rejects if it has ended, unless it was cancelled. */
  cancel(): Promise<void>;
  /**
   * Gives the customer to the target that the agent is consulting in a warm transfer.
   * Resolves when they hear each other and the agent has left.
   */
  complete(): Promise<void>;
  /**
   * Confirms that the agent or queue that was called has answered. Only the engine in the
   * page asks for that (TransfersState.canConfirm): a server knows.
   */
  confirm(): Promise<void>;
}

/**
 * Asks the Holdfast server behind the agent's page for whole transfers. All methods
 * reject with a TransferError when the server refuses.
 */
export declare class TransferClient extends ConnectClient {
  /** In a page on Streams, the config is connect.core.getSDKClientConfig(). */
  constructor(config: ConnectClientConfig);
  cold(contactId: string, to: To | readonly To[], options?: TransferOptions): Promise<Transfer>;
  warm(contactId: string, to: To | readonly To[], options?: TransferOptions): Promise<Transfer>;
  blind(contactId: string, to: To | readonly To[], options?: TransferOptions): Promise<Transfer>;
  /**
   * Returns the latest transfer that the agent has asked for in a contact, for example
   * after a reload; undefined if there is none, or if it ended long ago.
   */
  get(contactId: string): Promise<Transfer | undefined>;
  /**
   * Iterates over how the transfers of a contact are: first the latest one, if there is
   * one, and then whatever changes, until the loop is left or the signal is aborted.
   */
  watch(contactId: string, options?: WaitOptions): AsyncIterableIterator<TransferState>;
}

/** Why a request was refused. docs/REFUSALS.md of Holdfast describes the codes. */
export type RefusalCode =
  | "not-begun"
  | "no-agent"
  | "not-in-contact"
  | "not-an-agent"
  | "reconnect-first"
  | "answer-first"
  | "answered-already"
  | "party-has-left"
  | "not-answered-yet"
  | "agent-cannot-be-held"
  | "cannot-be-dropped"
  | "not-keys"
  | "too-many-keys"
  | "no-customer"
  | "customer-on-hold"
  | "alone-with-customer"
  | "target-just-left"
  | "not-parked"
  | "transfer-under-way"
  | "consultation-under-way"
  | "target-has-answered"
  | "not-consulting"
  | "no-transfer"
  | "transfer-ended"
  | "key-taken"
  | "unknown-kind"
  | "bad-ring-time"
  | "too-many-hand-overs"
  | "too-many-targets"
  | "too-many-transfers"
  | "too-many-attempts"
  | "target-named-twice"
  | "transfer-to-self"
  | "transfer-to-customer"
  | "consulted-already"
  | "not-your-call"
  | "not-two-parties"
  | "call-has-ended"
  | "calls-you"
  | "from-other-call"
  | "cannot-replace"
  | "too-many-requests"
  | "wrong-moment"
  | "bad-target"
  | "bad-parameter"
  | "no-such-contact"
  | "no-such-transfer"
  | "not-supported"
  | "handlerNotFound"
  | "noResult"
  | "request-timed-out";

/** Why a target may not or cannot be dialled at all. */
export type DialCode = "denied" | "not-found" | "unreachable" | "error";

/** The server could not carry out the request, or did not answer in time. */
export type FailureCode = "unavailable" | "internal-error" | "clientTimeout";

export declare class TransferError extends Error {
  private constructor();
  readonly name: "TransferError";
  /** A newer server may have more codes. */
  readonly code: RefusalCode | DialCode | FailureCode | (string & {});
  /** A sentence for the agent. */
  readonly message: string;
  /** The error of the SDK. */
  readonly cause: unknown;
}

export declare function isTransferError(error: unknown): error is TransferError;
