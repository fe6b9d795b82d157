import type { Attempt, StreamsEndpoint, To, Transfer, TransferState } from "./index.js";

export { isTransferError, Transfer, TransferError } from "./index.js";

/** A page on Amazon Connect Streams: the library's global object connect. */
export interface StreamsPage {
  streams: object;
}

export interface AttachOptions {
  /**
   * Where worker.js, wasm_exec.js and holdfast.wasm lie: the address of worker.js, at the
   * page's own origin. dist/worker.js beside attach.js if it is missing.
   */
  workerURL?: string | URL;
}

export interface PageTransferOptions {
  /** How long each target may ring: milliseconds, or a text such as "20s". */
  ringFor?: number | `${number}${"ms" | "s" | "m"}`;
  /** Whether the customer stays on hold when the transfer fails, or is taken off hold. */
  onFailure?: "hold" | "resume";
  /**
   * Aborting it cancels the transfer, as Transfer.cancel does. If it is aborted before
   * the transfer begins, nothing is started, and the call rejects with its reason.
   */
  signal?: AbortSignal;
  /** The same key in the same contact is the same transfer: it is started once. */
  key?: string;
  /** Which contact; without it, the one in which the agent is with a customer. */
  contactId?: string;
  /**
   * An agent or a queue counts as having answered once Amazon Connect shows it connected,
   * which it does before a person answers. The outcome is then marked as unproven. A
   * Holdfast server always knows who has answered, and ignores it.
   */
  assume?: boolean;
  /** The next four are options of a Holdfast server. The engine in the page refuses them. */
  confirm?: boolean;
  whisper?: boolean;
  parallel?: boolean;
  supersede?: boolean;
}

/** Where the customer is. unknown: the page cannot see it. */
export type WhereCustomer = "talking" | "held" | "joined" | "with-target" | "left" | "unknown";

/** Everything that a page needs to show. */
export interface TransfersState {
  /**
   * starting: the agent is not logged in, or the engine is being loaded. elsewhere: another
   * tab of this browser runs the agent's transfers. Only in ready can a transfer begin.
   */
  readonly status: "starting" | "ready" | "elsewhere" | "unavailable";
  /** Why transfers are not ready: a sentence for the agent, empty if they are. */
  readonly text: string;
  /** Which engine is used, once that is known. */
  readonly engine?: "page" | "server";
  /** What this browser does not allow, and what that means. */
  readonly notes: readonly string[];
  /** The contact that the rest is about. */
  readonly contactId?: string;
  /** Its latest transfer. */
  readonly transfer?: TransferState;
  readonly customer: WhereCustomer;
  /** The step that the agent must take by hand, because the engine has given up; usually empty. */
  readonly stuck: string;
  /** The transfer waits until the agent confirms that a person has answered. */
  readonly canConfirm: boolean;
}

/**
 * The transfers of an agent. Its methods are the same whether the engine in the page or a
 * Holdfast server runs them. They reject with a TransferError if a transfer is refused;
 * besides the codes of RefusalCode, these are not-ready and other-tab.
 */
export declare class Transfers {
  private constructor();
  /** Names of quick connects, phone numbers, sip: addresses or endpoints; several are tried in turn. */
  cold(to: To | readonly To[], options?: PageTransferOptions): Promise<Transfer>;
  warm(to: To | readonly To[], options?: PageTransferOptions): Promise<Transfer>;
  blind(to: To | readonly To[], options?: PageTransferOptions): Promise<Transfer>;
  /** Returns the latest transfer of a contact, for example after a reload. */
  get(contactId?: string): Promise<Transfer | undefined>;
  /** Resolves when a transfer can begin, and rejects if that will not happen. */
  readonly ready: Promise<void>;
  /** The attempts of the latest transfer. */
  readonly attempts: readonly Attempt[];
  readonly state: TransfersState;
  /** Calls the listener after each change of state, until the function it returns is called. */
  onChange(listener: () => void): () => void;
  /**
   * Stops the engine and lets another tab run the agent's transfers. Waits for outcomes
   * reject; the next page or tab carries the transfers on.
   */
  close(): void;
}

export interface Holdfast {
  /**
   * Returns at once; transfers are refused until the engine is ready. Rejects with a
   * TypeError if it is called before connect.core.initCCP.
   */
  attach(page: StreamsPage, options?: AttachOptions): Promise<Transfers>;
}

export declare const Holdfast: Holdfast;
export declare const attach: Holdfast["attach"];
export type { StreamsEndpoint };
