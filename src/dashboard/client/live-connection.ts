/**
 * The connection of an open page: subscribes to channels by the server's own realtime protocol, over one WebSocket.
 * The session of the page authenticates it, and ends it.
 */

/** A part of a page that is kept up to date. */
export interface Reader {
  /** Path and query below `/dashboard`; called again for each connection. */
  readonly view: () => string
  /** @param value the update as the server sent it for that view */
  readonly update: (value: unknown) => void
}

/** `open` once all readers hear what is new, `retrying` after the connection was lost, `over` when the server does not want us any more. */
export type LiveState = 'open' | 'retrying' | 'over'

/** As the protocol numbers them (TR2). */
const ACTION = {
  CONNECTED: 4,
  CLOSE: 7,
  ERROR: 9,
  ATTACH: 10,
  ATTACHED: 11,
  DETACHED: 13,
  MESSAGE: 15,
} as const
/** Attach mode that receives messages (TR3). */
const SUBSCRIBE = 1 << 18
/** How much later than `maxIdleInterval` a frame may come before the connection counts as lost. */
const GRACE_MS = 5000
const MAX_WAIT_MS = 15_000

interface Frame {
  readonly action: number
  readonly channel?: string
  readonly connectionDetails?: { readonly clientId: string; readonly maxIdleInterval: number }
  readonly messages?: readonly { readonly data: string }[]
}

export class LiveConnection {
  readonly #address: string
  readonly #onState: (state: LiveState) => void
  readonly #readers: Reader[] = []
  readonly #attached = new Map<string, Reader>()
  #socket: WebSocket | undefined
  #session = ''
  #maxSilenceMs = 20_000
  #silence: ReturnType<typeof setTimeout> | undefined
  #retry: ReturnType<typeof setTimeout> | undefined
  #failures = 0
  /** Readers whose channel is not attached yet. */
  #awaited = 0

  constructor(address: string, onState: (state: LiveState) => void) {
    this.#address = address
    this.#onState = onState
  }

  /** Call before `open`. */
  add(reader: Reader): void {
    this.#readers.push(reader)
  }

  open(): void {
    this.close()
    const address = new URL(this.#address, location.href)
    address.protocol = address.protocol.replace('http', 'ws')
    const socket = new WebSocket(`${address}?v=5&format=json`)
    // Frames of a socket that was replaced or closed are ignored.
    const isOurs = () => this.#socket === socket
    socket.addEventListener('message', ({ data }: MessageEvent<string>) => {
      if (!isOurs()) return
      this.#hear()
      this.#take(JSON.parse(data) as Frame)
    })
    socket.addEventListener('close', () => {
      if (isOurs()) this.#lost()
    })
    this.#socket = socket
    this.#hear()
  }

  /** Closes without a change of state. */
  close(): void {
    clearTimeout(this.#retry)
    const socket = this.#letGo()
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ action: ACTION.CLOSE }))
    socket?.close()
  }

  #take({ action, channel, connectionDetails, messages = [] }: Frame): void {
    switch (action) {
      case ACTION.CONNECTED:
        this.#session = connectionDetails!.clientId
        this.#maxSilenceMs = connectionDetails!.maxIdleInterval + GRACE_MS
        this.#failures = 0
        this.#awaited = this.#readers.length
        for (const reader of this.#readers) this.#attach(reader)
        return
      case ACTION.ATTACHED:
        if (--this.#awaited === 0) this.#onState('open')
        return
      case ACTION.MESSAGE:
        for (const { data } of messages) this.#publish(channel ?? '', JSON.parse(data) as object)
        return
      // With one channel lost the page would be live in part only, so it stops as a whole.
      case ACTION.DETACHED:
      case ACTION.ERROR:
        return this.#over()
    }
  }

  /** The random part makes the channel this page's own, so that it starts with a complete update. */
  #attach(reader: Reader): void {
    const { pathname, searchParams } = new URL(reader.view(), location.origin)
    const view = [pathname, Object.fromEntries(searchParams), Math.random().toString(36).slice(2)]
    const channel = `${this.#session}:${JSON.stringify(view)}`
    this.#attached.set(channel, reader)
    this.#socket?.send(JSON.stringify({ action: ACTION.ATTACH, channel, flags: SUBSCRIBE }))
  }

  #publish(channel: string, value: object): void {
    if ('over' in value) this.#over()
    else this.#attached.get(channel)?.update(value)
  }

  /** Silence beyond the promised interval means that the connection is lost without a close. */
  #hear(): void {
    clearTimeout(this.#silence)
    this.#silence = setTimeout(() => this.#lost(), this.#maxSilenceMs)
  }

  #lost(): void {
    this.#letGo()?.close()
    this.#onState('retrying')
    // Random waits, so that a restarted server does not meet all pages at once.
    const wait = Math.min(1000 * 2 ** this.#failures++, MAX_WAIT_MS)
    this.#retry = setTimeout(() => this.open(), wait * (0.5 + Math.random()))
  }

  #over(): void {
    this.close()
    this.#onState('over')
  }

  #letGo(): WebSocket | undefined {
    const socket = this.#socket
    this.#socket = undefined
    this.#attached.clear()
    clearTimeout(this.#silence)
    return socket
  }
}
