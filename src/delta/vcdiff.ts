/**
 * Deltas as VCDIFF (RFC 3284), of the kind that all decoders in Ably's SDKs read: one window, the default
 * code table, no compression of sections and no checksum, and copies from the source only.
 */
import { CodeWriter } from './code-section.ts'
import { type Instruction, instructionsFor } from './instructions.ts'
import { integerSize, pushInteger } from './integer.ts'

/** 'VCD' with the highest bits set, version 0, and no secondary compressor or code table. */
const HEADER = [0xd6, 0xc3, 0xc4, 0, 0]
const VCD_SOURCE = 1

/** Smaller targets get a delta even if it saves nothing, because clients rely on getting one. */
const ALWAYS_BYTES = 256

/**
 * The delta from `source` to `target`. Pure, and in time linear in both sizes.
 * @returns undefined if the target has more than 256 bytes and the delta would be larger than it
 */
export function encodeDelta(source: Uint8Array, target: Uint8Array): Uint8Array | undefined {
  const instructions = instructionsFor(source, target)
  const usesSource = instructions.some(({ kind }) => kind === 'copy')
  const sourceSize = usesSource ? source.length : 0
  const section = new CodeWriter()
  let made = 0
  let dataSize = 0
  for (const instruction of instructions) {
    section.write(instruction, sourceSize + made)
    made += instruction.size
    dataSize += sizeOfData(instruction)
  }
  const { codes, addresses } = section

  const sizes: number[] = []
  pushInteger(sizes, target.length)
  sizes.push(0)
  for (const size of [dataSize, codes.length, addresses.length]) pushInteger(sizes, size)

  const head = [...HEADER, usesSource ? VCD_SOURCE : 0]
  if (usesSource) for (const part of [sourceSize, 0]) pushInteger(head, part)
  const rest = sizes.length + dataSize + codes.length + addresses.length
  const total = head.length + integerSize(rest) + rest
  if (total > target.length && target.length > ALWAYS_BYTES) return undefined
  pushInteger(head, rest)

  const delta = new Uint8Array(total)
  delta.set(head)
  delta.set(sizes, head.length)
  const end = putData(delta, head.length + sizes.length, instructions, target)
  delta.set(codes, end)
  delta.set(addresses, end + codes.length)
  return delta
}

/** The data section has one byte for each RUN. */
function sizeOfData({ kind, size }: Instruction): number {
  if (kind === 'copy') return 0
  return kind === 'run' ? 1 : size
}

function putData(
  delta: Uint8Array,
  start: number,
  instructions: readonly Instruction[],
  target: Uint8Array,
): number {
  let end = start
  for (const instruction of instructions) {
    const size = sizeOfData(instruction)
    if (size === 0) continue
    delta.set(target.subarray(instruction.at, instruction.at + size), end)
    end += size
  }
  return end
}
