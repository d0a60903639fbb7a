/** What a history has to answer, said as plainly as possible and without any thought for speed. */
import type { HistoryEntry, Page } from '../../src/core/history/history.ts'
import type { Annotation, KeptMessage, PresenceMessage } from '../../src/core/types.ts'

interface Item<T> {
  /** The position it stands at. */
  readonly at: string
  readonly time: number
  readonly value: T
}

const positionIn = (serial: string) => serial.slice(0, serial.lastIndexOf(':'))

/** The state of one channel, from the entries that it was given. */
export class HistoryModel {
  readonly #messages: KeptMessage[] = []
  readonly #listed = new Map<string, KeptMessage[]>()
  readonly #presence: Item<PresenceMessage>[] = []
  readonly #annotations: Annotation[] = []

  add(entry: HistoryEntry): void {
    switch (entry.kind) {
      case 'message':
        this.#messages.push(entry.message)
        this.#listed.set(entry.message.serial, [entry.message])
        break
      case 'version': {
        this.#replace(entry.message)
        const listed = this.#listed.get(entry.message.serial)!
        if (entry.isListed) listed.push(entry.message)
        else if (listed.length > 1) listed[listed.length - 1] = entry.message
        break
      }
      case 'presence':
        this.#presence.push({
          at: entry.position,
          time: entry.change.timestamp,
          value: entry.change,
        })
        break
      case 'annotation':
        this.#annotations.push(entry.annotation)
        if (entry.message) this.#replace(entry.message)
    }
  }

  #replace(message: KeptMessage): void {
    this.#messages[this.#messages.findIndex(({ serial }) => serial === message.serial)] = message
  }

  get all(): readonly KeptMessage[] {
    return this.#messages
  }

  messages(page: Page): KeptMessage[] {
    return wanted(
      this.#messages.map((value) => ({
        at: positionIn(value.serial),
        time: value.timestamp,
        value,
      })),
      page,
    )
  }

  versions(serial: string, page: Page): KeptMessage[] {
    const items = this.#listed.get(serial)!.map((value) => ({
      at: positionIn(value.version.serial),
      time: value.version.timestamp,
      value,
    }))
    return wanted(items, page)
  }

  presence(page: Page): PresenceMessage[] {
    return wanted(this.#presence, page)
  }

  annotations(messageSerial: string, page: Page): Annotation[] {
    const items = this.#annotations
      .filter((annotation) => annotation.messageSerial === messageSerial)
      .map((value) => ({ at: positionIn(value.serial), time: value.timestamp, value }))
    return wanted(items, page)
  }
}

/** The items of all pages. */
function wanted<T>(
  items: readonly Item<T>[],
  { direction, start = -Infinity, end = Infinity, until }: Page,
): T[] {
  const found = items
    .filter(({ time }) => time >= start && time <= end)
    .filter(({ at }) => until === undefined || at <= until)
    .map(({ value }) => value)
  return direction === 'forwards' ? found : found.toReversed()
}
