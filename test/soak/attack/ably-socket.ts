/** The realtime protocol as an attacker speaks it: frames by hand, without what an SDK would forbid or repair. */

export interface Frame {
  readonly action: number
  readonly channel?: string
  readonly channelSerial?: string
  readonly flags?: number
  readonly msgSerial?: number
  readonly count?: number
  readonly error?: { readonly code: number }
  readonly presence?: readonly unknown[]
}

type Fits = (frame: Frame) => boolean

const WITHIN_MS = 10_000

export class AblySocket {
  static readonly ACK = 1
  static readonly NACK = 2
  static readonly CONNECTED = 4
  static readonly ERROR = 9
  static readonly ATTACH = 10
  static readonly ATTACHED = 11
  static readonly DETACH = 12
  static readonly PRESENCE = 14
  static readonly MESSAGE = 15
  static readonly SYNC = 16
  static readonly AUTH = 17
  static readonly ANNOTATION = 21

  readonly socket: WebSocket
  /** Frames so far, by their action. */
  readonly seen = new Map<number, number>()
  #serial = 0
  #waiting: { fits: Fits; resolve: (frame: Frame) => void }[] = []
  /** Called with every frame, if set. */
  onFrame: Fits | undefined

  constructor(socket: WebSocket) {
    this.socket = socket
    socket.addEventListener('message', ({ data }) =>
      this.#receive(JSON.parse(String(data)) as Frame),
    )
  }

  send(frame: Readonly<Record<string, unknown>>): void {
    this.socket.send(JSON.stringify(frame))
  }

  /** With the number that it is acknowledged by. @returns that number */
  sendNumbered(frame: Readonly<Record<string, unknown>>): number {
    this.send({ msgSerial: this.#serial, ...frame })
    return this.#serial++
  }

  /** The ACK or NACK of what was sent with this number, when it is the last that was sent. */
  answerTo(number: number): Promise<Frame> {
    return this.next(
      ({ action, msgSerial = 0, count = 1 }) =>
        (action === AblySocket.ACK || action === AblySocket.NACK) && msgSerial + count > number,
    )
  }

  async attach(channel: string, more: Readonly<Record<string, unknown>> = {}): Promise<Frame> {
    this.send({ action: AblySocket.ATTACH, channel, ...more })
    return this.next(
      ({ action, channel: of }) =>
        of === channel && (action === AblySocket.ATTACHED || action === AblySocket.ERROR),
    )
  }

  /** The next frame of one of these kinds. */
  nextOf(...actions: readonly number[]): Promise<Frame> {
    return this.next(({ action }) => actions.includes(action))
  }

  /** The next frame that fits. */
  async next(fits: Fits): Promise<Frame> {
    const { promise, resolve, reject } = Promise.withResolvers<Frame>()
    const timer = setTimeout(() => reject(new Error('no answer')), WITHIN_MS)
    this.#waiting.push({ fits, resolve })
    try {
      return await promise
    } finally {
      clearTimeout(timer)
    }
  }

  close(): void {
    this.socket.close()
  }

  #receive(frame: Frame): void {
    this.seen.set(frame.action, (this.seen.get(frame.action) ?? 0) + 1)
    this.onFrame?.(frame)
    const [found, rest] = partition(this.#waiting, ({ fits }) => fits(frame))
    this.#waiting = rest
    for (const { resolve } of found) resolve(frame)
  }
}

function partition<T>(values: readonly T[], fits: (value: T) => boolean): [T[], T[]] {
  return [values.filter(fits), values.filter((value) => !fits(value))]
}
