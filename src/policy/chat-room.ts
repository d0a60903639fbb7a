/** Rooms of Ably Chat: each is a channel whose name ends in `::$chat`. */

/** Ends of the channel names: since version 3 of the chat interface, and before it. */
const ROOM = '::$chat'
const OLD_ROOM = '::$chat::$chatMessages'
const ROOM_END = ROOM.charCodeAt(ROOM.length - 1)
const OLD_ROOM_END = OLD_ROOM.charCodeAt(OLD_ROOM.length - 1)

/**
 * The channel that carries the messages of a room.
 * @param version of the interface, as it stands in paths: `v4`
 * @returns undefined for an unknown version
 */
export function roomChannel(room: string, version: string): string | undefined {
  if (version === 'v3' || version === 'v4') return room + ROOM
  return version === 'v1' || version === 'v2' ? room + OLD_ROOM : undefined
}

/** The channel pattern for a claim about one room, or about all rooms (`*`). */
export function roomClaimPattern(room: string): string {
  return room === '*' ? room : room + ROOM
}

/** Whether a channel is a room. Called with every message, so the last letter is compared first. */
export function isRoomChannel(channel: string): boolean {
  const last = channel.charCodeAt(channel.length - 1)
  if (last === ROOM_END) return channel.endsWith(ROOM)
  return last === OLD_ROOM_END && channel.endsWith(OLD_ROOM)
}
