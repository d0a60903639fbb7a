/** Finds the instructions that make a target from a source: which bytes to copy, repeat and add. */
import { BLOCK, BlockTable, type Match, commonLength } from './block-table.ts'

export interface Instruction {
  readonly kind: 'add' | 'run' | 'copy'
  /** Position in the source for a copy, otherwise in the target. */
  readonly at: number
  readonly size: number
}

/** A shorter run costs as much as the bytes themselves. */
const MIN_RUN = 6

/** After so many positions without a match the search takes wider steps; matches are extended backwards. */
const PATIENCE = 64
const MAX_STEP = 16

/** A copy of this size is no coincidence: what follows it in the source is likely to follow here. */
const NO_CHANCE = 16

const table = new BlockTable()

/**
 * Instructions that make the target, in order. Time is linear in both sizes: equal bytes at both ends are
 * compared once, and the search between them tries only a few candidates for each block.
 */
export function instructionsFor(source: Uint8Array, target: Uint8Array): Instruction[] {
  const prefix = commonLength(source, 0, target, 0)
  const start = isWorthCopying(0, prefix) ? prefix : 0
  const suffix = commonEnd(source, target, Math.min(source.length, target.length) - start)
  const hasSuffix = isWorthCopying(source.length - suffix, suffix)
  const end = hasSuffix ? target.length - suffix : target.length

  const made = new Assembly(source, target)
  if (start > 0) made.copy(0, 0, start)
  if (end - start >= BLOCK) {
    // A match is most likely near the same position.
    const reach = 1024 + 4 * (end - start)
    const from = Math.max(0, start - reach)
    table.load(source, from, Math.min(source.length, source.length - suffix + reach))
    search(made, target.subarray(0, end), start)
    table.clear()
  }
  if (hasSuffix) made.copy(source.length - suffix, end, suffix)
  return made.finish()
}

function search(made: Assembly, target: Uint8Array, start: number): void {
  const match: Match = { at: 0, size: 0 }
  let at = start
  let misses = 0
  // Offset of the source: most changes leave what follows in place, or shift all of it.
  let shift = 0
  while (at < target.length) {
    const copied = table.find(target, at, at + shift, match)
    const run = runLength(target, at)
    if (run >= MIN_RUN && run >= copied) {
      made.run(at, run)
      at += run
      misses = 0
    } else if (isWorthCopying(match.at, copied)) {
      made.copy(match.at, at, copied)
      if (copied >= NO_CHANCE) shift = match.at - at
      at += copied
      misses = 0
    } else {
      at += Math.min(1 + Math.floor(misses / PATIENCE), MAX_STEP)
      misses++
    }
  }
}

/** A copy costs an instruction, an address, and often another instruction for the bytes after it. */
function isWorthCopying(at: number, size: number): boolean {
  return size >= BLOCK && size > (at < 0x80 ? 3 : at < 0x4000 ? 4 : 5)
}

/** Number of equal bytes at the ends. */
function commonEnd(source: Uint8Array, target: Uint8Array, limit: number): number {
  let size = 0
  while (size < limit && source[source.length - 1 - size] === target[target.length - 1 - size])
    size++
  return size
}

function runLength(target: Uint8Array, at: number): number {
  const byte = target[at]
  let next = at + 1
  while (next < target.length && target[next] === byte) next++
  return next - at
}

/** Collects instructions, and adds the bytes between them. */
class Assembly {
  readonly #instructions: Instruction[] = []
  /** End of the part of the target that is covered. */
  #end = 0

  constructor(
    readonly source: Uint8Array,
    readonly target: Uint8Array,
  ) {}

  /** @param at in the source; @param to in the target */
  copy(at: number, to: number, size: number): void {
    let back = 0
    while (
      to - back > this.#end &&
      at - back > 0 &&
      this.source[at - back - 1] === this.target[to - back - 1]
    ) {
      back++
    }
    this.#add(to - back)
    this.#push({ kind: 'copy', at: at - back, size: size + back })
  }

  run(at: number, size: number): void {
    this.#add(at)
    this.#push({ kind: 'run', at, size })
  }

  finish(): Instruction[] {
    this.#add(this.target.length)
    return this.#instructions
  }

  #add(to: number): void {
    if (to > this.#end) this.#push({ kind: 'add', at: this.#end, size: to - this.#end })
  }

  #push(instruction: Instruction): void {
    this.#instructions.push(instruction)
    this.#end += instruction.size
  }
}
