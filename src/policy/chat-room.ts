/** Rooms of Ably Chat: each is a channel, of which the name says so. */

/** Since the third version of the interface, and before. */
const ROOM = '::$chat'
const OLD_ROOM = '::$chat::$chatMessages'
const ROOM_END = ROOM.charCodeAt(ROOM.length - 1)
const OLD_ROOM_END = OLD_ROOM.charCodeAt(OLD_ROOM.length - 1)

/**
 * The channel in which the messages of a room are.
 * @param version of the interface, as it stands in paths: `v4`
 * @returns undefined for a version that is none
 */
export function roomChannel(room: string, version: string): string | undefined {
  if (version === 'v3' || version === 'v4') return room + ROOM
  return version === 'v1' || version === 'v2' ? room + OLD_ROOM : undefined
}

/** The pattern of the channels that a claim about a room is about, or about rooms by a pattern. */
export function roomClaimPattern(room: string): string {
  return room === '*' ? room : room + ROOM
}

/** Asked with every message: most names are told apart by their last letter. */
export function isRoomChannel(channel: string): boolean {
  const last = channel.charCodeAt(channel.length - 1)
  if (last === ROOM_END) return channel.endsWith(ROOM)
  return last === OLD_ROOM_END && channel.endsWith(OLD_ROOM)
}
