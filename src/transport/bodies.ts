/**
 * Bodies of requests while they are on their way: how much of them is kept, for how long, and whose gives way. One
 * that has come along with its head, as nearly all do, is handed on and counts for nothing.
 */
import { type Result, fail, ok } from '../failure.ts'
import { limitKey } from '../policy/address.ts'
import { readChunks } from './chunks.ts'
import { Upload } from './upload.ts'

export interface BodyLimits {
  /** Bytes of all bodies that are on their way. */
  readonly maxBytes: number
  /** The same of one address. */
  readonly maxAddressBytes: number
  /** How long a whole body may take. */
  readonly seconds: number
}

/** Who sends a body; the address is asked for only where a limit needs it. */
export interface Sender {
  readonly request: Request
  readonly address: string
  /** Lets the request be silent for so long, where the listener would end it earlier. */
  allowSilence(seconds: number): void
}

/** What a request that waits takes up besides what it has sent: it keeps very many small ones from being for nothing. */
export const WAITING_BYTES = 4096
/** The listener looks at its timeouts every few seconds; ours must come first, because it answers. */
const SILENCE_MARGIN = 10

/** The uploads of one address. */
interface Share {
  bytes: number
  readonly uploads: Set<Upload>
}

export class Bodies {
  readonly #limits: BodyLimits
  readonly #shares = new Map<string, Share>()
  #bytes = 0

  constructor(limits: BodyLimits) {
    this.#limits = limits
  }

  /** Bytes that count now. */
  get bytes(): number {
    return this.#bytes
  }

  /** How many addresses have bodies on their way. */
  get senders(): number {
    return this.#shares.size
  }

  /**
   * The bytes of a body; to be called in a later turn than the one in which the head was looked at, by when most
   * bodies are there.
   * @param length that its head has announced; undefined for chunks, and for no body at all
   * @returns `message_too_large`, `body_slow`, `address_bodies`, `bodies_full`, or `bad_request` if the client hung up
   */
  receive(
    sender: Sender,
    length: number | undefined,
    maxBytes: number,
  ): Result<Uint8Array> | Promise<Result<Uint8Array>> {
    if (length === undefined) return this.#receiveChunks(sender, maxBytes)
    const reading = sender.request.bytes()
    const arrived = Bun.peek(reading)
    if (arrived instanceof Uint8Array) return sized(arrived, maxBytes)
    const upload = this.#begin(sender, length)
    // What has come of one that is cut off is let go of when the request is answered.
    reading.then(
      (bytes) => upload.finish(sized(bytes, maxBytes)),
      () => upload.finish(HUNG_UP),
    )
    return upload.result
  }

  /** Nobody has said how long it will be, so that it counts by what has come. */
  #receiveChunks(
    sender: Sender,
    maxBytes: number,
  ): Result<Uint8Array> | Promise<Result<Uint8Array>> {
    const { body } = sender.request
    if (!body) return ok(new Uint8Array())
    const upload = this.#begin(sender, 0)
    const reader = body.getReader()
    const grow = (bytes: number): boolean => {
      this.#grow(upload, bytes)
      return !upload.isOver
    }
    readChunks(reader, maxBytes, grow).then(
      (result) => upload.finish(result ?? HUNG_UP),
      () => upload.finish(HUNG_UP),
    )
    return upload.result.finally(() => {
      // Rejected where the client has hung up, of which it has been told.
      reader.cancel().catch(() => {})
    })
  }

  #begin(sender: Sender, bytes: number): Upload {
    const { seconds } = this.#limits
    const key = limitKey(sender.address)
    const upload: Upload = new Upload(key, seconds, () => this.#over(upload))
    sender.allowSilence(seconds + SILENCE_MARGIN)
    const share = this.#shares.get(key) ?? { bytes: 0, uploads: new Set() }
    this.#shares.set(key, share)
    share.uploads.add(upload)
    this.#grow(upload, WAITING_BYTES + bytes)
    return upload
  }

  /** Counts bytes of an upload, for which it or others may have to give way. */
  #grow(upload: Upload, bytes: number): void {
    const share = this.#shares.get(upload.key)
    if (!share || upload.isOver) return
    upload.bytes += bytes
    share.bytes += bytes
    this.#bytes += bytes
    if (share.bytes > this.#limits.maxAddressBytes) return upload.finish(fail('address_bodies'))
    while (this.#bytes > this.#limits.maxBytes) this.#makeRoom()
  }

  /** Whoever has the most gives way, and of theirs what has taken the longest. */
  #makeRoom(): void {
    let largest: Share | undefined
    for (const share of this.#shares.values())
      if (!largest || share.bytes > largest.bytes) largest = share
    const [oldest] = largest!.uploads
    oldest!.finish(fail('bodies_full'))
  }

  #over(upload: Upload): void {
    const share = this.#shares.get(upload.key)
    if (!share?.uploads.delete(upload)) return
    share.bytes -= upload.bytes
    this.#bytes -= upload.bytes
    if (share.uploads.size === 0) this.#shares.delete(upload.key)
  }
}

const HUNG_UP: Result<never> = fail('bad_request', 'the body could not be read')

function sized(bytes: Uint8Array, maxBytes: number): Result<Uint8Array> {
  return bytes.byteLength > maxBytes ? fail('message_too_large') : ok(bytes)
}
