/** Fan-out over Bun's native topics: one topic a group, so a publish costs nothing per recipient in JavaScript. */
import type { Server, ServerWebSocket } from 'bun'
import type { ChannelRef, Format, Frame, Socket } from '../core/types.ts'
import type { Fanout, Group } from './fanout.ts'

/** A socket that Bun's topics can reach. */
export interface TopicSocket extends Socket {
  readonly ws: ServerWebSocket<unknown>
  /** Whether the socket has its private topic yet; most never need one. */
  hasPrivateTopic: boolean
}

interface TopicGroup extends Group {
  size: number
  /** The ids of its sockets, added up: with one socket in it, that socket's id. */
  ids: number
  /** Readers without a WebSocket, which no topic reaches: streams and polls over HTTP. Undefined until there is one. */
  sinks: Set<Socket> | undefined
}

const NOBODY: readonly Group[] = Object.freeze([])

export class TopicFanout implements Fanout {
  #server: Pick<Server<unknown>, 'publish'> | undefined
  readonly #groups = new Map<string, TopicGroup[]>()
  /** The same groups by topic, for joins: a channel may have thousands, because clients may choose variants of their own. */
  readonly #byTopic = new Map<string, TopicGroup>()

  /** Publishes to the sockets of this server from now on; before it listens there are none. */
  serve(server: Pick<Server<unknown>, 'publish'>): void {
    this.#server = server
  }

  join(socket: Socket, channel: ChannelRef, format: Format): Group {
    const group = this.#group(channel, format)
    group.size++
    group.ids += socket.id
    if (isTopicSocket(socket)) socket.ws.subscribe(group.topic)
    else (group.sinks ??= new Set()).add(socket)
    return group
  }

  leave(socket: Socket, group: Group): void {
    const own = this.#byTopic.get(group.topic)
    if (!own || own !== group) return
    // Does nothing on a closed socket: Bun has already dropped its subscriptions then.
    if (isTopicSocket(socket)) socket.ws.unsubscribe(group.topic)
    else own.sinks?.delete(socket)
    own.size--
    own.ids -= socket.id
    if (own.size === 0) this.#remove(own)
  }

  hasOthers(group: Group, { id }: Socket): boolean {
    return group.size !== 1 || (group as TopicGroup).ids !== id
  }

  groups(channel: ChannelRef): readonly Group[] {
    return this.#groups.get(channel.key) ?? NOBODY
  }

  deliver(group: Group, frame: Frame, except: Socket | undefined): boolean {
    const { sinks, topic } = group as TopicGroup
    // A loop, because an HTTP stream has no topic; there are few, and they buffer for themselves.
    if (sinks) for (const sink of sinks) if (sink !== except) sink.send(frame)
    // The result is that of the worst recipient, so it can serve as a hint and nothing else.
    const result =
      except && isTopicSocket(except)
        ? except.ws.publish(topic, frame)
        : this.#server?.publish(topic, frame)
    return result === 0 && this.#reaches(group as TopicGroup, except)
  }

  direct(socket: Socket, frame: Frame): boolean {
    if (!isTopicSocket(socket)) {
      socket.send(frame)
      return false
    }
    const topic = `@${socket.id}`
    // A `send` from another socket's handler would end the batching of the target's writes; a topic of
    // its own keeps order and batching, and costs memory only for those who are addressed directly.
    if (!socket.hasPrivateTopic) {
      socket.ws.subscribe(topic)
      socket.hasPrivateTopic = true
    }
    return this.#server?.publish(topic, frame) === 0
  }

  /** Whether the topic has sockets: Bun's result for a publish to nobody is that of a frame that was dropped. */
  #reaches(group: TopicGroup, except: Socket | undefined): boolean {
    if (group.size === (group.sinks?.size ?? 0)) return false
    return !except || this.hasOthers(group, except)
  }

  #remove(group: TopicGroup): void {
    this.#byTopic.delete(group.topic)
    const groups = this.#groups.get(group.channel.key)!
    // Searched from the end: the groups made last are the likeliest to go.
    groups.splice(groups.lastIndexOf(group), 1)
    if (groups.length === 0) this.#groups.delete(group.channel.key)
  }

  #group(channel: ChannelRef, format: Format): TopicGroup {
    const topic = `${format.protocol}.${format.variant}\n${channel.key}`
    const known = this.#byTopic.get(topic)
    if (known) return known
    const group: TopicGroup = { topic, channel, format, size: 0, ids: 0, sinks: undefined }
    this.#byTopic.set(topic, group)
    const groups = this.#groups.get(channel.key)
    if (groups) groups.push(group)
    else this.#groups.set(channel.key, [group])
    return group
  }
}

/** A WebSocket, and no stream or poll over HTTP. */
function isTopicSocket(socket: Socket): socket is TopicSocket {
  return 'hasPrivateTopic' in socket
}
