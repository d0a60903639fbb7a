/** Values in maps, read and written (OD). */
import type { ObjectData } from '../../../../core/objects/operation.ts'
import { type Result, fail, ok } from '../../../../failure.ts'
import { decodeBase64 } from '../../../../identity/base64-text.ts'
import type { Format } from '../format.ts'
import { isRecord } from '../json-value.ts'
import { Double } from '../double.ts'

type Members = Readonly<Record<string, unknown>>

const KINDS = ['objectId', 'string', 'number', 'boolean', 'bytes', 'json'] as const

/** @returns `data_invalid` for what is not exactly one value of a kind that there is */
export function readObjectData(value: unknown): Result<ObjectData> {
  if (!isRecord(value)) return fail('data_invalid', 'a value of a map is an object')
  const present = KINDS.filter((kind) => value[kind] !== undefined && value[kind] !== null)
  const [kind] = present
  if (!kind || present.length > 1)
    return fail('data_invalid', `a value of a map is exactly one of ${KINDS.join(', ')}`)
  const data = dataOf(kind, value)
  return data ? ok(data) : fail('data_invalid', `a value of a map is not valid as ${kind}`)
}

function dataOf(kind: (typeof KINDS)[number], members: Members): ObjectData | undefined {
  const value = members[kind]
  switch (kind) {
    case 'objectId':
      return typeof value === 'string' ? { kind, value } : undefined
    case 'string':
      return textOf(value, members['encoding'])
    case 'json':
      return jsonOf(value)
    case 'number': {
      const number = numberOf(value)
      return number === undefined ? undefined : { kind, value: number }
    }
    case 'boolean':
      return typeof value === 'boolean' ? { kind, value } : undefined
    case 'bytes': {
      const bytes = bytesOf(value)
      return bytes && { kind, value: bytes }
    }
  }
}

/** SDKs before `json` wrote such values as texts with an encoding (OD4c5). */
function textOf(value: unknown, encoding: unknown): ObjectData | undefined {
  if (encoding === 'json') return jsonOf(value)
  return typeof value === 'string' && value.isWellFormed() ? { kind: 'string', value } : undefined
}

/** The text stays as it was written. */
function jsonOf(value: unknown): ObjectData | undefined {
  if (typeof value !== 'string' || !value.isWellFormed()) return undefined
  try {
    const parsed = JSON.parse(value) as unknown
    return typeof parsed === 'object' && parsed !== null ? { kind: 'json', value } : undefined
  } catch {
    return undefined
  }
}

/** @returns undefined for what no double is exactly */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (typeof value !== 'bigint') return undefined
  return BigInt(Number(value)) === value ? Number(value) : undefined
}

/** Base64 stands for bytes in JSON, and in what an object begins with whatever the format. */
function bytesOf(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value
  return typeof value === 'string' ? decodeBase64(value) : undefined
}

export function objectDataValue({ kind, value }: ObjectData, format: Format): Members {
  if (kind === 'bytes') return { bytes: format === 'json' ? base64(value) : value }
  return { [kind]: kind === 'number' ? new Double(value) : value }
}

function base64({ buffer, byteLength, byteOffset }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64')
}
