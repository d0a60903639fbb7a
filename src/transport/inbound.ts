/**
 * Frames that have come on sockets. They are handled at once, as long as a turn of the event loop has time for them;
 * what comes beyond that waits, and is handled in later turns, a frame of everybody after the other. Otherwise whoever
 * sends a thousand frames in one go holds everybody up until the last of them.
 */
import { Queue } from '../core/history/queue.ts'
import type { Frame } from '../core/types.ts'

/** A socket, as far as what it sends is concerned. */
export interface Sender {
  /** Who shares a turn: everybody of one address counts like one. */
  readonly address: string
  /** What has come and not been handled; undefined for nothing, as nearly always. */
  inbox: Inbox | undefined
  handle(frame: Frame): void
  /** The same, in a later turn than that in which the frame came. */
  handleLater(frame: Frame): void
  /** Nothing comes any more, and all that came has been handled. */
  handled(): void
  /** More has come than is kept. */
  overflowed(): void
}

export interface InboundParts {
  /** Milliseconds of a clock that never steps. */
  readonly now: () => number
  /** Bytes of all that waits, of one socket and of all together. */
  readonly maxSocketBytes: number
  readonly maxBytes: number
}

export class Inbox {
  bytes = 0
  /** Nothing comes any more. */
  isLast = false
  /** Often the only one: of a thousand who send at once, many have to wait. */
  #next: Frame | undefined
  #rest: Queue<Frame> | undefined

  get size(): number {
    return this.#next === undefined ? 0 : 1 + (this.#rest?.length ?? 0)
  }

  push(frame: Frame): void {
    if (this.#next === undefined) this.#next = frame
    else (this.#rest ??= new Queue()).push(frame)
    this.bytes += frame.length
  }

  shift(): Frame {
    const frame = this.#next!
    this.#next = this.#rest?.shift()
    this.bytes -= frame.length
    return frame
  }
}

/** How long frames may keep a turn before others get theirs. */
const TURN_MS = 8
/** What an address may take of that before the next comes: many small frames, or a single one that takes long. */
const SHARE_MS = 1
/** As long as frames take no time, the clock is looked at only so often: looking costs as much as handling some. */
const MAX_UNLOOKED = 8
/** What those between two looks may have taken together to count as no time; after others it is looked at for each. */
const NO_TIME_MS = 0.5
/** Letters or bytes from which on a frame is worth a look at the clock. */
const LARGE_LETTERS = 4096

export class Inbound {
  readonly #parts: InboundParts
  /** By address, senders of whom something waits, in the order of their turns. */
  readonly #waiting = new Map<string, Set<Sender>>()
  #bytes = 0
  #handled = 0
  /** After so many the clock is looked at. */
  #lookAt = 1
  #looked = 0
  #began = 0
  #isOver = false
  #isScheduled = false

  constructor(parts: InboundParts) {
    this.#parts = parts
  }

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes
  }

  /** Senders of whom something waits. */
  get waiting(): number {
    let waiting = 0
    for (const senders of this.#waiting.values()) waiting += senders.size
    return waiting
  }

  receive(sender: Sender, frame: Frame): void {
    if (sender.inbox !== undefined || this.#isOver) return this.#keep(sender, frame)
    if (frame.length >= LARGE_LETTERS) return this.#large(sender, frame)
    sender.handle(frame)
    if (++this.#handled >= this.#lookAt) this.#look()
  }

  /** What holds much can take long by itself, so the clock is looked at before and after it. */
  #large(sender: Sender, frame: Frame): void {
    if (!this.#isScheduled) this.#look()
    sender.handle(frame)
    this.#look()
  }

  /**
   * Ends a sender: nothing more comes from it. What has come is handled first. Of very many who end at once
   * most wait for the next turn: by then they hear no more of each other.
   */
  closed(sender: Sender): void {
    if (sender.inbox === undefined && !this.#isOver) {
      sender.handled()
      if (++this.#handled >= this.#lookAt) this.#look()
      return
    }
    const inbox = (sender.inbox ??= this.#enlist(sender))
    inbox.isLast = true
  }

  #look(): void {
    this.#handled = 0
    const now = this.#parts.now()
    const isQuick = now - this.#looked < NO_TIME_MS
    this.#lookAt = isQuick ? Math.min(MAX_UNLOOKED, this.#lookAt * 2) : 1
    this.#looked = now
    if (!this.#isScheduled) {
      this.#began = now
      this.#schedule()
    } else if (now - this.#began >= TURN_MS) this.#isOver = true
  }

  #schedule(): void {
    this.#isScheduled = true
    setImmediate(this.#nextTurn)
  }

  readonly #nextTurn = (): void => {
    this.#isScheduled = false
    this.#isOver = false
    this.#handled = 0
    if (this.#waiting.size === 0) return
    this.#began = this.#parts.now()
    this.#isOver = !this.#work()
    if (this.#isOver) this.#schedule()
  }

  /** @returns whether nothing is left */
  #work(): boolean {
    const { now } = this.#parts
    for (const [address, senders] of this.#waiting) {
      // Whoever has more goes to the end.
      this.#waiting.delete(address)
      this.#waiting.set(address, senders)
      this.#share(senders)
      if (senders.size === 0 && this.#waiting.get(address) === senders)
        this.#waiting.delete(address)
      if (now() - this.#began >= TURN_MS) break
    }
    return this.#waiting.size === 0
  }

  /** A frame of each in turn, as long as their address may. */
  #share(senders: Set<Sender>): void {
    const { now } = this.#parts
    const began = now()
    for (const sender of senders) {
      this.#step(sender, senders)
      // Those that wait may be of the kind that takes long: the clock is looked at after each.
      if (now() - began >= SHARE_MS) return
    }
  }

  /** Handles one frame, or the end. Whoever has more goes to the end. */
  #step(sender: Sender, senders: Set<Sender>): void {
    const inbox = sender.inbox!
    senders.delete(sender)
    const frame = inbox.size > 0 ? inbox.shift() : undefined
    const isEmpty = inbox.size === 0
    if (isEmpty) sender.inbox = undefined
    else senders.add(sender)
    if (frame !== undefined) {
      this.#bytes -= frame.length
      sender.handleLater(frame)
    }
    if (isEmpty && inbox.isLast) sender.handled()
  }

  #keep(sender: Sender, frame: Frame): void {
    const { maxBytes, maxSocketBytes } = this.#parts
    const inbox = (sender.inbox ??= this.#enlist(sender))
    inbox.push(frame)
    this.#bytes += frame.length
    if (inbox.bytes > maxSocketBytes) this.#drop(sender)
    while (this.#bytes > maxBytes) this.#drop(this.#largest())
  }

  #enlist(sender: Sender): Inbox {
    const senders = this.#waiting.get(sender.address) ?? new Set()
    this.#waiting.set(sender.address, senders.add(sender))
    if (!this.#isScheduled) this.#schedule()
    return new Inbox()
  }

  #drop(sender: Sender): void {
    const { inbox } = sender
    if (!inbox) return
    this.#bytes -= inbox.bytes
    sender.inbox = undefined
    const senders = this.#waiting.get(sender.address)
    senders?.delete(sender)
    if (senders?.size === 0) this.#waiting.delete(sender.address)
    if (inbox.isLast) sender.handled()
    else sender.overflowed()
  }

  #largest(): Sender {
    let largest: Sender | undefined
    for (const senders of this.#waiting.values())
      for (const sender of senders)
        if (!largest || sender.inbox!.bytes > largest.inbox!.bytes) largest = sender
    return largest!
  }
}
