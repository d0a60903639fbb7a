/** Messages as VCDIFF deltas against the previous message of the channel (`delta=vcdiff`). */
import type { KeptMessage, Publication } from '../../../../core/types.ts'
import { encodeDelta } from '../../../../delta/vcdiff.ts'

/** The last result, because one publication is encoded for the groups of both formats. */
let last:
  | {
      readonly event: Publication
      readonly previous: Publication
      readonly messages: readonly KeptMessage[]
    }
  | undefined

/**
 * The messages of a publication for readers who have just got the previous one. A message of which no delta can
 * be made, or for which none would save anything, stays as it is.
 */
export function deltaMessages(event: Publication, previous: Publication): readonly KeptMessage[] {
  if (last?.event === event && last.previous === previous) return last.messages
  const messages = differing(event, previous)
  last = { event, previous, messages }
  return messages
}

function differing(event: Publication, previous: Publication): readonly KeptMessage[] {
  // An appended message is no base: clients that joined later have other bytes of it.
  let base = previous.whole ? undefined : previous.messages.at(-1)
  return event.messages.map((message) => {
    const delta = base && deltaOf(message, base)
    base = message
    return delta ?? message
  })
}

function deltaOf(message: KeptMessage, base: KeptMessage): KeptMessage | undefined {
  const [from, to] = [payload(base), payload(message)]
  const data = from && to && encodeDelta(from, to)
  if (!data) return undefined
  const steps = typeof message.data === 'string' ? 'utf-8/vcdiff' : 'vcdiff'
  const encoding = message.encoding === undefined ? steps : `${message.encoding}/${steps}`
  return { ...message, data, encoding, extras: withDelta(message.extras, base.id) }
}

/** The payload that a delta is computed from: what the client has after undoing base64, and nothing else. */
function payload({ data, action }: KeptMessage): Uint8Array | undefined {
  if (data === undefined || !HAS_PAYLOAD.has(action)) return undefined
  return typeof data === 'string' ? Buffer.from(data) : data
}

const HAS_PAYLOAD: ReadonlySet<KeptMessage['action']> = new Set(['create', 'update', 'delete'])

function withDelta(extras: string | undefined, from: string): string {
  const delta = `"delta":{"format":"vcdiff","from":${JSON.stringify(from)}}`
  return extras === undefined || extras === '{}' ? `{${delta}}` : `${extras.slice(0, -1)},${delta}}`
}
