/** How big a message is for its limits, whatever wire format it came in or goes out in. */
import type { MessageDraft } from '../types.ts'

/** Bytes of what its publisher put in: name, client id, data before base64, and extras (TM6). */
export function messageSize(
  message: Partial<Pick<MessageDraft, 'name' | 'clientId' | 'data' | 'extras'>>,
): number {
  const { name, clientId, data, extras } = message
  return byteLength(name) + byteLength(clientId) + byteLength(data) + byteLength(extras)
}

function byteLength(part: string | Uint8Array | undefined): number {
  if (part === undefined) return 0
  return typeof part === 'string' ? Buffer.byteLength(part) : part.byteLength
}
