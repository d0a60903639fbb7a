/** What the cases of histories work with: one history, and in it a fresh channel for each case. */
import { expect } from 'bun:test'
import type { HistoryEntry, History, Page, Slice } from '../../src/core/history/history.ts'
import { type ChannelRef, type KeptMessage, channelRef } from '../../src/core/types.ts'
import { Entries } from './history-entries.ts'

export const FORWARDS: Page = { direction: 'forwards', limit: 1000 }

export class HistoryBench {
  readonly #history: () => History
  #channels = 0
  channel: ChannelRef = channelRef('app', 'none')
  entries = new Entries()

  constructor(history: () => History) {
    this.#history = history
  }

  get history(): History {
    return this.#history()
  }

  /** To be called first in each case. */
  begin(): void {
    this.channel = channelRef('app', `channel ${this.#channels++}`)
    this.entries = new Entries()
  }

  append(...entries: readonly HistoryEntry[]): Promise<void> {
    return this.history.append(this.channel, entries)
  }

  slice(page: Partial<Page> = {}): Slice<KeptMessage> {
    return this.history.messages(this.channel, { ...FORWARDS, ...page })
  }

  messages(page: Partial<Page> = {}): readonly KeptMessage[] {
    return this.slice(page).items
  }

  /** Both ways of asking for them say the same. */
  serials(page: Partial<Page> = {}): string[] {
    const { items, next } = this.slice(page)
    const serials = items.map(({ serial }) => serial)
    const alone = this.history.serials(this.channel, { ...FORWARDS, ...page })
    expect(alone).toMatchObject({ items: serials, next })
    return serials
  }

  versions(serial: string, page: Partial<Page> = {}): readonly KeptMessage[] {
    return this.history.versions(this.channel, serial, { ...FORWARDS, ...page }).items
  }
}

/** Summaries are no part of a version. */
export function bare(versions: readonly KeptMessage[]): KeptMessage[] {
  return versions.map((version) => ({ ...version, summary: undefined }))
}

/** The items of all pages. */
export function walk<T>(read: (page: Page) => Slice<T>, page: Page): T[] {
  const items: T[] = []
  let next: string | undefined
  do {
    const slice = read({ ...page, after: next })
    expect(slice.items.length).toBeLessThanOrEqual(page.limit)
    // No page is empty but the first, and one with a next page is full.
    if (next !== undefined) expect(slice.items.length).toBeGreaterThan(0)
    if (slice.next !== undefined && page.maxBytes === undefined)
      expect(slice.items.length).toBe(page.limit)
    items.push(...slice.items)
    next = slice.next
  } while (next !== undefined)
  return items
}
