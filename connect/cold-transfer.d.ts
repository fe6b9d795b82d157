/**
 * A cold transfer for pages on Amazon Connect Streams that want no WebAssembly: the agent
 * leaves the call after the target has answered and hears the customer. It uses the
 * objects of the unmodified library and nothing else.
 *
 * The file cold-transfer.js is a classic script and may be imported for its effect: both
 * define `coldTransfer` as a global function. In a CommonJS package, require() of a copy
 * of the file returns the function.
 */

export interface ColdTransferOptions {
  /** The contact to transfer. Without it the agent must have exactly one call. */
  contactId?: string;
  /** How long the target may ring, in milliseconds: 20000 if it is missing. */
  ringFor?: number;
  /** Whether the customer is left on hold if the transfer fails ("hold"), or resumed. */
  onFailure?: "hold" | "resume";
  /**
   * Amazon Connect shows an agent or a queue as connected before a person has answered.
   * Such targets are refused unless this is true; the outcome is then `unproven`.
   */
  assume?: boolean;
  /**
   * Aborting it cancels the transfer until the agent is being disconnected. If it was
   * aborted before, the call rejects with its reason.
   */
  signal?: AbortSignal;
}

/** An endpoint of Streams, as agent.getEndpoints() or Endpoint.byPhoneNumber() returns it. */
export interface ColdTransferEndpoint {
  endpointARN?: string | null;
  endpointId?: string | null;
  type?: string | null;
  name?: string | null;
  phoneNumber?: string | null;
}

export interface ColdTransferOutcome {
  /** abandoned: the customer left before the transfer was decided. */
  outcome: "completed" | "failed" | "cancelled" | "abandoned";
  /** Undefined if it was completed. */
  reason?: "no-answer" | "unreachable" | "left-early" | "hung-up" | "error" | "cancelled" | "customer-left";
  /** A sentence for the agent. */
  text: string;
  /**
   * Where the library showed the customer when the transfer ended. unknown: the agent was
   * no longer in the contact, and a page cannot see what Amazon Connect did then.
   */
  customer: "with-target" | "held" | "talking" | "left" | "unknown";
  /** The target was an agent or a queue, so perhaps no person has answered. */
  unproven: boolean;
}

declare global {
  /**
   * Transfers the customer. It resolves within ringFor and about 90 seconds. It rejects
   * with an Error whose `code` is "transfer-under-way", "no-customer", "no-such-contact",
   * "not-supported" or "bad-ring-time" if it starts nothing. The same target while a
   * transfer to it is under way, as by a double click, is the same transfer.
   *
   * After a failure it drops, for 30 seconds, a connection to the same number that
   * appears late. It drops any other third party that appears while the transfer runs.
   *
   * connect is the library's global object.
   */
  function coldTransfer(
    connect: unknown,
    endpoint: string | ColdTransferEndpoint,
    options?: ColdTransferOptions,
  ): Promise<ColdTransferOutcome>;
}
