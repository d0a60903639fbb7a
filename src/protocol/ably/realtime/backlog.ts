/** What a client has missed, as the frames that it would have got (RTL4c). */
import type { Frame, PlacedEvent, Publication } from '../../../core/types.ts'
import { type Client, isSilent } from './client.ts'
import { encode } from './encode.ts'
import { type Place, readingText } from './reading.ts'

export interface Backlog {
  /** One for each publication: SDKs drop a frame of which one message cannot be decoded. */
  readonly frames: readonly Frame[]
  /** The last publication among them. */
  readonly last: Publication | undefined
}

export function framesOf(client: Client, place: Place, events: readonly PlacedEvent[]): Backlog {
  const frames: Frame[] = []
  const whole = events.length === 0 ? undefined : readingText(client, place, false)
  if (whole === undefined) return { frames, last: undefined }
  const differing = readingText(client, place, true) ?? whole
  const ownId = isSilent(client, place.options) ? client.connection.id : undefined
  let last: Publication | undefined
  for (const event of events) {
    const isPublication = event.kind === 'publication'
    if (isPublication && ownId !== undefined && event.connectionId === ownId) continue
    frames.push(...encode(event, last ? differing : whole, last, place.home.ref))
    if (isPublication) last = event
  }
  return { frames, last }
}
