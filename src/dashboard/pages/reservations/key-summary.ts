/** What keys mean, in words. */

interface KeyState {
  readonly hasJoinKey: boolean
  readonly hasSendKey: boolean
}

export function keyWords({ hasJoinKey, hasSendKey }: KeyState): string {
  if (hasJoinKey && hasSendKey)
    return 'Joining needs the join key, and sending needs the send key too.'
  if (hasJoinKey) return 'Joining needs the join key; whoever is in may send.'
  if (hasSendKey) return 'Anyone may join and listen; sending needs the send key.'
  return 'Without a key, anyone may join and send; the name is yours all the same.'
}

export function keyState(owned: {
  readonly joinKey: string | undefined
  readonly sendKey: string | undefined
}): KeyState {
  return { hasJoinKey: owned.joinKey !== undefined, hasSendKey: owned.sendKey !== undefined }
}
