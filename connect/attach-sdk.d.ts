import type { ConnectClientConfig } from "@amazon-connect/core";
import type { AttachOptions, StreamsPage, Transfers } from "./attach.js";

export * from "./attach.js";

/** A page on the Amazon Connect SDK: its provider, or a configuration with a provider. */
export interface SDKPage {
  sdk: ConnectClientConfig;
}

/** Attaches to the SDK or to Streams. It needs @amazon-connect/contact and /voice 1.0.12. */
export declare const Holdfast: {
  attach(page: SDKPage | StreamsPage, options?: AttachOptions): Promise<Transfers>;
};
export declare const attach: (typeof Holdfast)["attach"];
