import type { Transfers } from "./attach.js";
import type { Outcome, To } from "./index.js";

/**
 * <holdfast-transfer to="cardiology; +493012345" kind="cold" ring-for="20s" on-failure="hold">
 *
 * A button that hands the customer over, the buttons that the transfer needs, and a line
 * that always shows who has the customer. `to` may have several targets, with semicolons
 * between them. Its content is the button's text. The parts start, confirm, complete,
 * cancel, status and alert can be styled. When a transfer ends, it fires holdfast-outcome
 * with the outcome as its detail.
 */
export declare class HoldfastTransfer extends HTMLElement {
  /** What attach has returned. */
  transfers: Transfers | undefined;
  /** Begins the transfer, as the button does, also to endpoints that `to` cannot name. */
  start(to?: To | readonly To[]): Promise<void>;
}

declare global {
  interface HTMLElementTagNameMap {
    "holdfast-transfer": HoldfastTransfer;
  }
  interface HTMLElementEventMap {
    "holdfast-outcome": CustomEvent<Outcome>;
  }
}
