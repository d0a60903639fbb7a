/** Inspects one channel for its operators: stored messages, live activity, and publishing a test message. */
import type { Acts } from '../../core/access/acts.ts'
import { MANAGER, type Place } from '../../core/access/caller.ts'
import type { Histories } from '../../core/history/histories.ts'
import type { Registry } from '../../core/registry/registry.ts'
import type { RuleOf } from '../../core/history/histories.ts'
import type { Onlooker } from '../../core/delivery/delivery.ts'
import { notKept, readHistory } from '../../core/history/history.ts'
import type { Commons } from '../../core/commons/commons.ts'
import type { Soon } from '../../core/soon.ts'
import { messageSize } from '../../core/channel/message-size.ts'
import { COMMONS, type ChannelRef, type PlacedEvent, newMessage } from '../../core/types.ts'
import { type Result, ok } from '../../failure.ts'
import { relayedJson, relayedString } from '../../policy/relayed-json.ts'
import type { AuditService } from '../audit/audit.ts'
import type { LiveService } from './live.ts'
import {
  type ActivityEntry,
  entriesOf,
  entryOfMessage,
  entryOfPresence,
} from './channel-activity.ts'

export interface InspectorParts {
  readonly commons: Commons
  readonly histories: Histories
  readonly registry: Registry
  readonly ruleOf: RuleOf
  readonly acts: Acts
  readonly live: LiveService
  readonly audit: AuditService
  readonly watch: (channel: ChannelRef, onlooker: Onlooker) => () => void
}

export interface KeptPage {
  /** The newest first. */
  readonly entries: readonly ActivityEntry[]
  /** The value of `after` for the next page; undefined on the last page. */
  readonly next: string | undefined
}

export interface TestMessage {
  /** Ignored on channels of the commons, whose messages have no name. */
  readonly name: string
  /** JSON text; any other text is sent as a string. */
  readonly data: string
}

/** A running watch of a channel. */
export interface WatchedChannel {
  /** Entries since the given position; empty where that position is not known. */
  readonly since: readonly ActivityEntry[]
  /** Whether entries may be missing before these. */
  readonly isGap: boolean
  readonly stop: () => void
}

/** How long a channel keeps messages. */
export type Keeping = 'nothing' | 'minutes' | 'last' | 'persisted'

/** The position of a channel that nobody has used yet. */
const BEGINNING = 'beginning'
/** Channels of the commons keep no messages, so there is no position to go on from. */
const UNKNOWN = 'unknown'

export class ChannelInspector {
  readonly #parts: InspectorParts

  constructor(parts: InspectorParts) {
    this.#parts = parts
  }

  keeping(ref: ChannelRef): Keeping {
    if (ref.realm === COMMONS) return 'nothing'
    const rule = this.#parts.ruleOf(ref)
    if (rule.persisted || rule.mutableMessages) return 'persisted'
    return rule.persistLast ? 'last' : 'minutes'
  }

  /**
   * @param after where the page before this one ended
   * @returns why it cannot be read, if so
   */
  kept(ref: ChannelRef, limit: number, after?: string): Result<KeptPage> {
    if (ref.realm === COMMONS) return ok({ entries: [], next: undefined })
    return readHistory(() => {
      const page = { direction: 'backwards', limit, after } as const
      const { items, next } = this.#parts.histories.of(ref).messages(ref, page)
      return { entries: items.map(entryOfMessage), next }
    })
  }

  /** Presence members of a channel of an app with their data, newest first. */
  present(ref: ChannelRef): readonly ActivityEntry[] {
    const members = this.#parts.registry.channel(ref)?.presence.members() ?? []
    return Array.from(members, entryOfPresence).toReversed()
  }

  /** The present position: a watch from here misses nothing from now on. */
  position(ref: ChannelRef): string {
    if (ref.realm === COMMONS) return UNKNOWN
    return this.#parts.registry.channel(ref)?.recent.head ?? BEGINNING
  }

  /**
   * Watches a channel without attaching to it: it changes no occupancy and starts no channel.
   * @param since an earlier result of `position`; undefined for new entries only
   */
  watch(
    ref: ChannelRef,
    since: string | undefined,
    onEntries: (entries: readonly ActivityEntry[], position: string | undefined) => void,
  ): WatchedChannel {
    const isApp = ref.realm !== COMMONS
    const missed = since === undefined ? [] : this.#missed(ref, since)
    const stop = this.#parts.watch(ref, (event) => {
      // On shared channels guests come and go on both sides; the app's side tells of everybody.
      if (isApp && (event.kind === 'join' || event.kind === 'leave')) return
      const entries = entriesOf(event)
      if (entries.length > 0) onEntries(entries, 'position' in event ? event.position : undefined)
    })
    return { since: (missed ?? []).flatMap(entriesOf), isGap: missed === undefined, stop }
  }

  /** @returns the number of subscribers that it was sent to, as far as known */
  async publish(ref: ChannelRef, { name, data }: TestMessage): Promise<Result<number>> {
    const sent = await (ref.realm === COMMONS
      ? this.#publishToCommons(ref, data)
      : this.#publishToApp(ref, name, data))
    if (!sent.ok) return sent
    const { audit, live } = this.#parts
    const called = live.withoutKeys(ref.name, ref)
    audit.record({
      action: 'publish',
      kind: 'channel',
      id: called,
      name: called,
      accountId: live.accountOf(ref),
    })
    return sent
  }

  /** @returns undefined where the position is no longer known */
  #missed(ref: ChannelRef, since: string): readonly PlacedEvent[] | undefined {
    if (ref.realm === COMMONS) return undefined
    const recent = this.#parts.registry.channel(ref)?.recent
    if (!recent) return []
    return since === BEGINNING ? recent.all() : recent.after(since)
  }

  #publishToCommons(ref: ChannelRef, data: string): Soon<Result<number>> {
    // What is not JSON is sent as a string.
    const value = relayedJson(data, true)
    if (!value.ok && value.failure.name !== 'not_json') return value
    const message = newMessage(value.ok ? value.value : relayedString(data))
    return this.#parts.commons.push(placeOf(ref), message)
  }

  async #publishToApp(ref: ChannelRef, name: string, data: string): Promise<Result<number>> {
    const { acts, registry } = this.#parts
    const draft = {
      id: undefined,
      name: name === '' ? undefined : name,
      data,
      // As an SDK would say it: text is text, and objects and lists are JSON.
      encoding: /^\s*[[{]/.test(data) && isJson(data) ? 'json' : undefined,
      clientId: undefined,
      extras: undefined,
    }
    const wish = { drafts: [draft], batchId: undefined, ephemeral: false, privileged: false }
    const bytes = messageSize(draft)
    const published = await acts.publish(MANAGER, placeOf(ref), { ...wish, bytes }, NOBODY)
    if (!published.ok) return published
    try {
      await published.value.kept
    } catch (error) {
      return { ok: false, failure: notKept(error) }
    }
    return ok(registry.channel(ref)?.occupancy.subscribers ?? 0)
  }
}

const NOBODY = { connectionId: undefined, id: undefined }

/** A call from within the server, which counts as secure. */
function placeOf(channel: ChannelRef): Place {
  return { channel, resource: channel.name, secure: true }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
