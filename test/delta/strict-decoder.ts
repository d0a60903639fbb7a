/**
 * A decoder that shares nothing with the encoder and accepts only what every decoder of Ably's SDKs does. The
 * code table is built as RFC 3284 (5.6) describes it, entry by entry.
 */
import { strict as assert } from 'node:assert'

interface Step {
  readonly kind: 'add' | 'run' | 'copy'
  /** 0 if the size comes after the code. */
  readonly size: number
  readonly mode: number
}

export interface Decoded {
  readonly target: Uint8Array
  readonly usesSource: boolean
  readonly steps: readonly { readonly kind: Step['kind']; readonly size: number }[]
  /** Codes that stand for two instructions. */
  readonly pairs: number
  readonly modes: ReadonlySet<number>
}

const TABLE: readonly (readonly Step[])[] = codeTable()

function codeTable(): Step[][] {
  const step = (kind: Step['kind'], size: number, mode = 0): Step => ({ kind, size, mode })
  const sizes = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, i) => from + i)
  const modes = (from: number, to: number) => sizes(from, to)
  const table = [[step('run', 0)], ...[0, ...sizes(1, 17)].map((size) => [step('add', size)])]
  for (const mode of modes(0, 8)) {
    table.push(...[0, ...sizes(4, 18)].map((size) => [step('copy', size, mode)]))
  }
  for (const mode of modes(0, 8)) {
    for (const added of sizes(1, 4)) {
      for (const copied of mode < 6 ? sizes(4, 6) : [4]) {
        table.push([step('add', added), step('copy', copied, mode)])
      }
    }
  }
  for (const mode of modes(0, 8)) table.push([step('copy', 4, mode), step('add', 1)])
  assert.equal(table.length, 256)
  return table
}

/** Bytes that must be read completely. */
class Reader {
  #at = 0
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  byte(): number {
    assert(!this.isAtEnd, 'more was to come')
    return this.#bytes[this.#at++]!
  }

  integer(): number {
    let byte = this.byte()
    assert.notEqual(byte, 0x80, 'an integer is written without leading zeros')
    let value = byte & 0x7f
    while (byte >= 0x80) {
      byte = this.byte()
      value = value * 128 + (byte & 0x7f)
    }
    return value
  }

  take(size: number): Uint8Array {
    assert(this.#at + size <= this.#bytes.length, 'more was to come')
    this.#at += size
    return this.#bytes.subarray(this.#at - size, this.#at)
  }
}

/** @throws if the delta is not exactly of the agreed form */
export function decodeStrictly(delta: Uint8Array, source: Uint8Array): Decoded {
  const file = new Reader(delta)
  assert.deepEqual([...file.take(5)], [0xd6, 0xc3, 0xc4, 0, 0], 'the header')
  const indicator = file.byte()
  assert(indicator === 0 || indicator === 1, 'no target window and no checksum')
  const usesSource = indicator === 1
  let segment = new Uint8Array()
  if (usesSource) {
    const size = file.integer()
    const at = file.integer()
    assert(size > 0 && at + size <= source.length, 'the segment lies in the source')
    segment = new Uint8Array(source.subarray(at, at + size))
  }
  const window = new Reader(file.take(file.integer()))
  assert(file.isAtEnd, 'there is one window')
  return decodeWindow(window, segment, usesSource)
}

function decodeWindow(window: Reader, source: Uint8Array, usesSource: boolean): Decoded {
  const target = new Uint8Array(window.integer())
  assert.equal(window.byte(), 0, 'no section is compressed')
  const [dataSize, codesSize, addressesSize] = [
    window.integer(),
    window.integer(),
    window.integer(),
  ]
  const data = new Reader(window.take(dataSize))
  const codes = new Reader(window.take(codesSize))
  const addresses = new Addresses(new Reader(window.take(addressesSize)))
  assert(window.isAtEnd, 'the length of the window is right')

  const steps: { kind: Step['kind']; size: number }[] = []
  let made = 0
  let pairs = 0
  while (!codes.isAtEnd) {
    const entry = TABLE[codes.byte()]!
    if (entry.length === 2) pairs++
    for (const step of entry) {
      const size = step.size === 0 ? codes.integer() : step.size
      assert(size > 0 && made + size <= target.length, 'an instruction stays in the target')
      if (step.kind === 'add') target.set(data.take(size), made)
      else if (step.kind === 'run') target.fill(data.byte(), made, made + size)
      else {
        const at = addresses.next(step.mode, source.length + made)
        assert(at >= 0 && at + size <= source.length, 'a copy stays in the source')
        target.set(source.subarray(at, at + size), made)
      }
      steps.push({ kind: step.kind, size })
      made += size
    }
  }
  assert.equal(made, target.length, 'the target is complete')
  assert(data.isAtEnd && addresses.reader.isAtEnd, 'nothing is left over')
  return { target, usesSource, steps, pairs, modes: addresses.modes }
}

class Addresses {
  readonly modes = new Set<number>()
  readonly #near = [0, 0, 0, 0]
  readonly #same = Array.from({ length: 768 }, () => 0)
  #slot = 0

  constructor(readonly reader: Reader) {}

  next(mode: number, here: number): number {
    this.modes.add(mode)
    const address = this.#read(mode, here)
    this.#near[this.#slot++ % 4] = address
    this.#same[address % 768] = address
    return address
  }

  #read(mode: number, here: number): number {
    if (mode >= 6) return this.#same[(mode - 6) * 256 + this.reader.byte()]!
    const value = this.reader.integer()
    if (mode === 0) return value
    return mode === 1 ? here - value : this.#near[mode - 2]! + value
  }
}
