/** Ids of objects: `type:hash@milliseconds`, which whoever creates an object makes up, and the root, which is always there. */

export type ObjectType = 'map' | 'counter'

export const ROOT = 'root'

export interface ObjectId {
  readonly type: ObjectType
  /** Base64url, unpadded, of the SHA-256 of what the object begins with and a nonce. */
  readonly hash: string
  /** When it was made, in milliseconds since the epoch, by the clock of its maker. */
  readonly timestamp: number
}

const FORM = /^(map|counter):([A-Za-z0-9_-]{43})@(\d{1,15})$/

/** @returns undefined for what is no id, and for the root */
export function parseObjectId(id: string): ObjectId | undefined {
  const parts = FORM.exec(id)
  if (!parts) return undefined
  return { type: parts[1] as ObjectType, hash: parts[2]!, timestamp: Number(parts[3]) }
}

export function objectIdOf({ hash, timestamp, type }: ObjectId): string {
  return `${type}:${hash}@${timestamp}`
}

/** @returns undefined for what is no id */
export function typeOf(id: string): ObjectType | undefined {
  return id === ROOT ? 'map' : parseObjectId(id)?.type
}
