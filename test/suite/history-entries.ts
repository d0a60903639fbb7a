/** Entries of a channel for tests: each stands after the one before, whatever its time. */
import type { HistoryEntry } from '../../src/core/history/history.ts'
import { serialAt } from '../../src/core/channel/position.ts'
import type { Annotation, KeptMessage, PresenceMessage } from '../../src/core/types.ts'

/** The present of the tests; entries are from the minute before. */
export const NOW = 1_700_000_000_000

export type MessageEntry = Extract<HistoryEntry, { kind: 'message' }>
export type PresenceEntry = Extract<HistoryEntry, { kind: 'presence' }>
export type VersionEntry = Extract<HistoryEntry, { kind: 'version' }>
export type AnnotationEntry = Extract<HistoryEntry, { kind: 'annotation' }> & {
  readonly message: KeptMessage
}

/** Makes entries in the order of the calls. */
export class Entries {
  #count = 0

  nextPosition(): string {
    return `${String(NOW).padStart(14, '0')}-${String(this.#count++).padStart(6, '0')}@site`
  }

  /** A publication of several messages, or of one where nothing else is said. */
  messages(...members: readonly Partial<KeptMessage>[]): MessageEntry[] {
    const position = this.nextPosition()
    return (members.length === 0 ? [{}] : members).map((given, index) => {
      const serial = serialAt(position, index)
      const timestamp = given.timestamp ?? NOW
      const message = { ...BARE_MESSAGE, id: `id:${serial}`, serial, timestamp, ...given }
      return {
        kind: 'message',
        position,
        message: { ...message, version: given.version ?? { serial, timestamp } },
      }
    })
  }

  message(members: Partial<KeptMessage> = {}): MessageEntry {
    return this.messages(members)[0]!
  }

  /** A later version of a message; `timestamp` is that of the version. */
  version(
    before: KeptMessage,
    members: Partial<KeptMessage> & { isListed?: boolean; at?: number } = {},
  ): VersionEntry {
    const { isListed = true, at = NOW, ...changes } = members
    const version = { serial: serialAt(this.nextPosition(), 0), timestamp: at }
    const message: KeptMessage = { ...before, action: 'update', version, ...changes }
    return { kind: 'version', message, isListed }
  }

  presence(...members: readonly Partial<PresenceMessage>[]): PresenceEntry[] {
    const position = this.nextPosition()
    return (members.length === 0 ? [{}] : members).map((given, index) => ({
      kind: 'presence',
      position,
      change: { ...BARE_PRESENCE, id: `c1:${position}:${index}`, ...given },
    }))
  }

  annotation(message: KeptMessage, members: Partial<Annotation> = {}): AnnotationEntry {
    const serial = serialAt(this.nextPosition(), 0)
    const annotation = { ...BARE_ANNOTATION, id: `id:${serial}`, serial, ...members }
    return {
      kind: 'annotation',
      annotation: { ...annotation, messageSerial: message.serial },
      message: { ...message, summary: `{"of":"${serial}"}` },
    }
  }
}

const BARE_MESSAGE: KeptMessage = {
  id: '',
  name: undefined,
  data: undefined,
  encoding: undefined,
  clientId: undefined,
  connectionId: undefined,
  extras: undefined,
  timestamp: NOW,
  serial: '',
  action: 'create',
  version: { serial: '', timestamp: NOW },
  summary: undefined,
}

const BARE_PRESENCE: PresenceMessage = {
  action: 'enter',
  id: '',
  clientId: 'ann',
  connectionId: 'c1',
  data: undefined,
  encoding: undefined,
  extras: undefined,
  timestamp: NOW,
}

const BARE_ANNOTATION: Annotation = {
  action: 'create',
  id: '',
  serial: '',
  messageSerial: '',
  type: 'like:total.v1',
  name: undefined,
  clientId: undefined,
  count: undefined,
  data: undefined,
  encoding: undefined,
  extras: undefined,
  timestamp: NOW,
}
