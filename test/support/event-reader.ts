/** Reads a stream over HTTP as its clients do: server-sent events by the rules of their standard, or lines of JSON. */

export interface ReadEvent {
  /** Id to resume from after this event: the last one that was sent, with it or before. */
  readonly id: string
  readonly event: string
  readonly data: string
}

export class EventReader {
  readonly events: ReadEvent[] = []
  readonly comments: string[] = []
  readonly response: Response
  /** Whether the server has ended it, or the connection is lost. */
  isOver = false
  readonly #cancel: AbortController
  readonly #waiting: (() => void)[] = []
  #text = ''
  #id = ''

  private constructor(response: Response, cancel: AbortController) {
    this.response = response
    this.#cancel = cancel
    void this.#read()
  }

  /** @throws when the answer is no stream; `response` of the error tells why */
  static async open(url: string, headers: Record<string, string> = {}): Promise<EventReader> {
    const cancel = new AbortController()
    const response = await fetch(url, { headers, signal: cancel.signal })
    if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`)
    return new EventReader(response, cancel)
  }

  /** Waits for the first matching event from an index on. */
  async next(from = 0, wanted: (event: ReadEvent) => boolean = () => true): Promise<ReadEvent> {
    for (;;) {
      const found = this.events.slice(from).find(wanted)
      if (found) return found
      if (this.isOver) throw new Error(`the stream is over: ${JSON.stringify(this.events)}`)
      await this.#change()
    }
  }

  /** Waits for so many events, and returns all there are. */
  async count(events: number): Promise<readonly ReadEvent[]> {
    await this.next(events - 1)
    return this.events
  }

  async over(): Promise<void> {
    while (!this.isOver) await this.#change()
  }

  /** Closes the stream like a client. */
  leave(): void {
    this.#cancel.abort()
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  async #read(): Promise<void> {
    const isLines = this.response.headers.get('content-type') !== 'text/event-stream'
    const decoder = new TextDecoder()
    try {
      for await (const chunk of this.response.body!) {
        this.#text += decoder.decode(chunk, { stream: true })
        this.#take(isLines)
        this.#changed()
      }
    } catch {
      // Cut off.
    }
    this.isOver = true
    this.#changed()
  }

  #take(isLines: boolean): void {
    const end = isLines ? '\n' : '\n\n'
    for (let at = this.#text.indexOf(end); at >= 0; at = this.#text.indexOf(end)) {
      const block = this.#text.slice(0, at)
      this.#text = this.#text.slice(at + end.length)
      if (isLines) this.#line(block)
      else this.#block(block)
    }
  }

  #line(line: string): void {
    if (line === '') return void this.comments.push('')
    const { id, event, data } = JSON.parse(line) as { id?: string; event: string; data?: unknown }
    this.#id = id ?? this.#id
    this.events.push({ id: this.#id, event, data: JSON.stringify(data) })
  }

  #block(block: string): void {
    let event = 'message'
    const data: string[] = []
    for (const line of block.split('\n')) {
      const [, field = '', value = ''] = /^([^:]*):? ?(.*)$/.exec(line) ?? []
      if (field === '') this.comments.push(value)
      else if (field === 'id') this.#id = value
      else if (field === 'event') event = value
      else if (field === 'data') data.push(value)
    }
    if (data.length > 0) this.events.push({ id: this.#id, event, data: data.join('\n') })
  }

  #changed(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
