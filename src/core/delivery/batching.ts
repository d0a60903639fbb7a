/** Fewer frames for readers, where a channel rule says so: messages of an interval go out together, or only the last of each kind. */
import type { ChannelRuleSettings } from '../../policy/channel-rule.ts'
import { conflationKey } from '../../policy/conflation-key.ts'
import type { KeptMessage, Publication, Socket } from '../types.ts'

/** Gives a publication to everybody at once. */
export type DeliverNow = (publication: Publication, except: Socket | undefined) => void

interface Waiting {
  readonly publication: Publication
  readonly except: Socket | undefined
}

/** What a rule makes readers wait for, in milliseconds; undefined where it does not. */
export function waitOf(rule: ChannelRuleSettings): number | undefined {
  if (rule.batchingEnabled) return rule.batchingInterval ?? undefined
  return rule.conflationEnabled ? (rule.conflationInterval ?? undefined) : undefined
}

/** The messages of one channel that wait for the end of its interval. They are kept already. */
export class Batch {
  readonly #deliver: DeliverNow
  #waiting: Waiting[] = []
  #rule: ChannelRuleSettings | undefined
  #timer: Timer | undefined

  constructor(deliver: DeliverNow) {
    this.#deliver = deliver
  }

  /** @param waitMs how long the first of them waits */
  add(
    publication: Publication,
    except: Socket | undefined,
    rule: ChannelRuleSettings,
    waitMs: number,
  ): void {
    this.#waiting.push({ publication, except })
    this.#rule = rule
    this.#timer ??= setTimeout(() => this.flush(), waitMs)
  }

  /** At once: somebody attaches who is to hear of them as of what was before, or something else overtakes them. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#waiting.length === 0) return
    const waiting = this.#waiting
    this.#waiting = []
    const wanted =
      this.#rule?.conflationEnabled === true ? lastOfEach(waiting, this.#rule) : waiting
    for (const group of runs(wanted)) this.#deliver(joined(group), group[0]!.except)
  }
}

/** In the order of the last ones. Edits are never left out: each says something else about its message. */
function lastOfEach(waiting: readonly Waiting[], rule: ChannelRuleSettings): readonly Waiting[] {
  const keyOf = conflationKey(rule.conflationKey ?? '')
  const seen = new Set<string>()
  const isLast = (message: KeptMessage): boolean => {
    if (message.action !== 'create') return true
    const key = keyOf(message)
    if (seen.has(key)) return false
    seen.add(key)
    return true
  }
  return waiting
    .toReversed()
    .map(({ publication, except }) => {
      const messages = publication.messages.toReversed().filter(isLast).toReversed()
      return { publication: { ...publication, messages }, except }
    })
    .filter(({ publication }) => publication.messages.length > 0)
    .toReversed()
}

/** Neighbours that the same socket is not to hear of. */
function runs(waiting: readonly Waiting[]): Waiting[][] {
  const found: Waiting[][] = []
  for (const item of waiting) {
    const last = found.at(-1)
    if (last && last[0]!.except === item.except) last.push(item)
    else found.push([item])
  }
  return found
}

/** As one publication. It stands at the last position: who has heard it has heard them all. */
function joined(group: readonly Waiting[]): Publication {
  const { publication: last } = group.at(-1)!
  if (group.length === 1) return last
  const { publication: first } = group[0]!
  const isOfOne = group.every(({ publication }) => publication.connectionId === first.connectionId)
  return {
    ...last,
    connectionId: isOfOne ? first.connectionId : undefined,
    messages: group.flatMap(({ publication }) => publication.messages),
    ...wholeOf(group),
  }
}

/** Readers who have missed the beginning of one of the messages are to be told all of them whole. */
function wholeOf(group: readonly Waiting[]): Pick<Publication, 'whole' | 'continues'> {
  const continued = group.flatMap(({ publication }) => publication.continues ?? [])
  if (continued.length === 0) return {}
  return {
    whole: group.flatMap(({ publication }) => publication.whole ?? publication.messages),
    continues: continued.toSorted()[0]!,
  }
}
