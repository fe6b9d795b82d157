// A TransferError is the reason why the server refused a request. index.d.ts lists
// the codes.
export class TransferError extends Error {
  constructor(code, message, cause) {
    super(message, { cause });
    this.name = "TransferError";
    this.code = code;
  }
}

// isTransferError also recognises errors of another copy of this package.
export function isTransferError(error) {
  return error instanceof TransferError || (error instanceof Error && error.name === "TransferError");
}

// request calls a command of the server. The SDK rejects with its ConnectError, or with
// a plain object when the time is up; both have an errorKey.
export async function request(proxy, command, data) {
  try {
    return await proxy.request(command, data);
  } catch (error) {
    if (typeof error?.errorKey !== "string") throw error;
    throw new TransferError(error.errorKey, error.reason ?? error.errorKey, error);
  }
}
