/**
 * Appends to one message that follow closely on one another go out together: a text that is written token by
 * token would otherwise be a frame for each. The first is never held back.
 */
import type { DeliverNow } from './batching.ts'
import type { KeptMessage, Publication, Socket } from '../types.ts'

/** Where a publisher says nothing else (docs, `appendRollupWindow`). */
export const DEFAULT_ROLLUP_MS = 40

interface Window {
  readonly serial: string
  readonly connectionId: string | undefined
  readonly except: Socket | undefined
  readonly ms: number
  timer: Timer
  waiting: Publication | undefined
}

/** The message of one channel that is being appended to. */
export class AppendRollup {
  readonly #deliver: DeliverNow
  #window: Window | undefined

  constructor(deliver: DeliverNow) {
    this.#deliver = deliver
  }

  /** @param ms how long what follows may wait; 0 for not at all */
  add(append: Publication, except: Socket | undefined, ms: number): void {
    const open = this.#window
    if (open && isFor(open, append, except)) {
      open.waiting = open.waiting ? joined(open.waiting, append) : append
      return
    }
    this.flush()
    this.#deliver(append, except)
    if (ms > 0) this.#open(append, except, ms)
  }

  /** At once: something else is about to overtake what waits, or somebody comes who is to hear the whole. */
  flush(): void {
    const open = this.#window
    if (!open) return
    clearTimeout(open.timer)
    this.#window = undefined
    if (open.waiting) this.#deliver(open.waiting, open.except)
  }

  #open(append: Publication, except: Socket | undefined, ms: number): void {
    this.#window = {
      serial: append.messages[0]!.serial,
      connectionId: append.connectionId,
      except,
      ms,
      timer: setTimeout(() => this.#over(), ms),
      waiting: undefined,
    }
  }

  /** While there is more, one window follows on another. */
  #over(): void {
    const open = this.#window
    this.flush()
    if (open?.waiting) this.#open(open.waiting, open.except, open.ms)
  }
}

function isFor(open: Window, append: Publication, except: Socket | undefined): boolean {
  return (
    open.serial === append.messages[0]!.serial &&
    open.connectionId === append.connectionId &&
    open.except === except
  )
}

/** It stands where the later one does, and goes on from where the earlier one does. */
function joined(first: Publication, next: Publication): Publication {
  const [before, message] = [first.messages[0]!, next.messages[0]!]
  const whole: KeptMessage = { ...message, data: together(before.data, message.data) }
  return { ...next, messages: [whole], continues: first.continues! }
}

/** Both are text, or both bytes: other appends are refused. */
function together(a: KeptMessage['data'], b: KeptMessage['data']): KeptMessage['data'] {
  if (a === undefined || b === undefined) return a ?? b
  if (typeof a === 'string') return a + String(b)
  return Buffer.concat([a, b as Uint8Array])
}
