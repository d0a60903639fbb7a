/**
 * The feed of a channel: server-sent events of the dashboard, and not a client of the channel's own protocol. So it
 * tells of both kinds of channel, counts nowhere as a subscriber, needs no origin to be allowed, goes on where it was,
 * and ends with the session.
 */

/** As `pages/live/entry.tsx` makes it. */
export interface WireEntry {
  readonly at: number
  readonly who: string
  readonly words: string
  readonly name: string
  readonly body: string
  readonly note: string
}

export interface Told {
  readonly entries: readonly WireEntry[]
  /** How many there were more, at a time. */
  readonly skipped: number
  /** Whether something may be missing before these. */
  readonly gap: boolean
}

/** `retrying` after the network was lost; `over` when the server does not want us any more. */
export type FeedState = 'open' | 'retrying' | 'over'

export interface FeedListener {
  told(told: Told): void
  state(state: FeedState): void
}

export class Feed {
  readonly #address: string
  readonly #listener: FeedListener
  #source: EventSource | undefined
  #position = ''

  constructor(address: string, listener: FeedListener) {
    this.#address = address
    this.#listener = listener
  }

  /** Goes on where it was. */
  open(): void {
    this.close()
    const url = new URL(this.#address, location.href)
    if (this.#position !== '') url.searchParams.set('since', this.#position)
    const source = new EventSource(url)
    source.addEventListener('open', () => this.#listener.state('open'))
    source.addEventListener('error', () => {
      const isOver = source.readyState === EventSource.CLOSED
      this.#listener.state(isOver ? 'over' : 'retrying')
    })
    source.addEventListener('message', ({ data, lastEventId }: MessageEvent<string>) => {
      this.#position = lastEventId
      this.#listener.told(JSON.parse(data) as Told)
    })
    this.#source = source
  }

  close(): void {
    this.#source?.close()
  }
}
