/** Missed events in the form for a subscriber that lacks what came before them. */
import { repeatableKey } from '../../../core/channel/recent-events.ts'
import type { PlacedEvent, Publication } from '../../../core/types.ts'

/**
 * Of a message that was appended to or annotated several times, only the last state: each is as good as all, and
 * all together could be far more than the channel holds.
 */
export function withoutRepetition(events: readonly PlacedEvent[]): PlacedEvent[] {
  const told = new Set<string>()
  const kept: PlacedEvent[] = []
  for (const event of events.toReversed()) {
    if (event.kind !== 'publication') {
      kept.push(event)
      continue
    }
    const key = repeatableKey(event)
    if (key !== undefined && told.has(key)) continue
    if (key !== undefined) told.add(key)
    kept.push(asWhole(event))
  }
  return kept.toReversed()
}

/** The same object for everybody who missed the event, so that it is encoded once. */
const wholes = new WeakMap<Publication, Publication>()

/** The event with whole messages where it has only what was appended to them. */
export function asWhole(event: Publication): Publication {
  if (!event.whole) return event
  const known = wholes.get(event)
  if (known) return known
  const { whole, continues: _, ...rest } = event
  const made = { ...rest, messages: whole }
  wholes.set(event, made)
  return made
}
