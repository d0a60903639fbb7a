/** What happens on a channel as server-sent events, for as long as the page is open and its reader is signed in. */
import type { ChannelRef } from '../../../core/types.ts'
import { sight } from '../../../api/access.ts'
import { failure } from '../../../failure.ts'
import type { LiveEntry } from '../../../service/live-entries.ts'
import { sessionSecret } from '../../cookies.ts'
import type { Page } from '../../site.ts'
import { showFailure } from '../failures.tsx'
import { wireEntry } from './entry.tsx'

/** Entries are gathered for this long, so that a busy channel costs no more than a screen can show. */
const GATHER_MS = 100
/** Of more than this, at a time, the rest is only counted. */
const MAX_GATHERED = 100
/** Also how soon a session that was ended elsewhere ends here. */
const BEAT_MS = 2000
/** Of all readers together; each is a person with a page open. */
const MAX_STREAMS = 500

const utf8 = new TextEncoder()

export class ChannelStreams {
  readonly #open = new Set<Watching>()

  answer(page: Page, ref: ChannelRef): Response | Promise<Response> {
    if (this.#open.size >= MAX_STREAMS)
      return showFailure(page, failure('request_rate', 'too many pages look on'))
    page.env.visit.keepOpen()
    return new Response(this.#stream(page, ref), {
      headers: {
        'content-type': 'text/event-stream; charset=utf-8',
        // Proxies would gather what is to be seen at once.
        'x-accel-buffering': 'no',
      },
    })
  }

  #stream(page: Page, ref: ChannelRef): ReadableStream<Uint8Array> {
    let watching: Watching | undefined
    const since = page.req.header('last-event-id') ?? page.req.query('since')
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        const opened: Watching = new Watching(page, ref, since, controller, () =>
          this.#open.delete(opened),
        )
        this.#open.add(opened)
        watching = opened
      },
      pull: () => watching?.flush(),
      cancel: () => watching?.end(),
    })
  }
}

class Watching {
  readonly #page: Page
  readonly #ref: ChannelRef
  readonly #controller: ReadableStreamDefaultController<Uint8Array>
  readonly #onEnd: () => void
  readonly #stop: () => void
  readonly #beat: Timer
  #gathered: LiveEntry[] = []
  #skipped = 0
  #isGap: boolean
  #position: string
  #timer: Timer | undefined
  #isOver = false

  constructor(
    page: Page,
    ref: ChannelRef,
    since: string | undefined,
    controller: ReadableStreamDefaultController<Uint8Array>,
    onEnd: () => void,
  ) {
    this.#page = page
    this.#onEnd = onEnd
    this.#ref = ref
    this.#controller = controller
    const { desk } = page.var.parts
    const outlook = desk.watch(ref, since, (entries, position) => this.#take(entries, position))
    this.#stop = outlook.stop
    this.#isGap = outlook.isGap
    this.#position = desk.position(ref)
    this.#send('retry: 1000\n\n')
    this.#take(outlook.since, this.#position)
    this.#beat = setInterval(() => this.#check(), BEAT_MS)
    page.req.raw.signal.addEventListener('abort', () => this.end())
  }

  /** Sends what has been gathered, if the reader has taken what was sent before. */
  flush(): void {
    if (this.#isOver || (this.#controller.desiredSize ?? 0) <= 0) return
    if (this.#gathered.length === 0 && this.#skipped === 0 && !this.#isGap) return
    const data = {
      entries: this.#gathered.map(wireEntry),
      skipped: this.#skipped,
      gap: this.#isGap,
    }
    // Before it is sent: sending may ask for more at once.
    this.#gathered = []
    this.#skipped = 0
    this.#isGap = false
    this.#send(`id: ${this.#position}\ndata: ${JSON.stringify(data)}\n\n`)
  }

  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#onEnd()
    this.#stop()
    clearInterval(this.#beat)
    clearTimeout(this.#timer)
    try {
      this.#controller.close()
    } catch {
      // Its reader has ended it already.
    }
  }

  #send(text: string): void {
    this.#controller.enqueue(utf8.encode(text))
  }

  #take(entries: readonly LiveEntry[], position: string | undefined): void {
    const room = MAX_GATHERED - this.#gathered.length
    this.#gathered.push(...entries.slice(0, room))
    this.#skipped += Math.max(0, entries.length - room)
    this.#position = position ?? this.#position
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.flush()
    }, GATHER_MS)
  }

  /** A line that means nothing keeps proxies from giving up; and whoever may no longer look on is shown out. */
  #check(): void {
    const page = this.#page
    const { live, services } = page.var.parts
    const secret = sessionSecret(page)
    const visitor =
      secret === undefined ? undefined : services.sessions.find(secret, page.env.visit.address)
    if (!visitor || !live.maySee(sight(visitor), this.#ref)) return this.end()
    if ((this.#controller.desiredSize ?? 0) > 0) this.#send(':\n\n')
  }
}
