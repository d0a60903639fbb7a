/** Reads the stream of a channel as the dashboard's script does. */
import { eventually } from '../support/client.ts'
import type { Visitor } from './visitor.ts'

export interface Entry {
  readonly who: string
  readonly words: string
  readonly name: string
  readonly body: string
  readonly note: string
}

interface Told {
  readonly entries: readonly Entry[]
  readonly skipped: number
  readonly gap: boolean
}

export class Stream {
  readonly entries: Entry[] = []
  skipped = 0
  gaps = 0
  /** The id of the last event. */
  position = ''
  #isOver = false
  readonly #abort: AbortController

  private constructor(body: ReadableStream<Uint8Array>, abort: AbortController) {
    this.#abort = abort
    void this.#read(body).catch(() => undefined)
  }

  static async open(
    server: { readonly url: string },
    visitor: Visitor,
    query: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Stream> {
    const abort = new AbortController()
    const cookie = Array.from(visitor.cookies, ([name, value]) => `${name}=${value}`).join('; ')
    const response = await fetch(`${server.url}/dashboard/live/stream?${query}`, {
      headers: { cookie, ...headers },
      signal: abort.signal,
    })
    if (response.headers.get('content-type') !== 'text/event-stream; charset=utf-8')
      throw new Error(`no stream, but ${response.status}`)
    return new Stream(response.body!, abort)
  }

  close(): void {
    this.#abort.abort()
  }

  /** Waits for an entry that fits. */
  async entry(fits: (entry: Entry) => boolean): Promise<void> {
    await eventually(
      () => this.entries.some(fits),
      `an entry; there are ${JSON.stringify(this.entries)}`,
    )
  }

  async ended(withinMs: number): Promise<void> {
    await eventually(() => this.#isOver, 'the stream ends', withinMs)
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    let text = ''
    const decoder = new TextDecoder()
    for await (const chunk of body) {
      text += decoder.decode(chunk, { stream: true })
      const events = text.split('\n\n')
      text = events.pop()!
      for (const event of events) this.#take(event)
    }
    this.#isOver = true
  }

  #take(event: string): void {
    for (const line of event.split('\n')) {
      if (line.startsWith('id: ')) this.position = line.slice('id: '.length)
      if (!line.startsWith('data: ')) continue
      const told = JSON.parse(line.slice('data: '.length)) as Told
      this.entries.push(...told.entries)
      this.skipped += told.skipped
      if (told.gap) this.gaps++
    }
  }
}
