/**
 * A page's part, in a process of its own: the published client listens on a channel and sends to itself over a
 * second connection. Arguments: the channel's address, and the options as JSON. NODE_EXTRA_CA_CERTS names the authority.
 */
import { type UseItty, connect } from 'itty-sockets'

const [url, options] = process.argv.slice(2)
const settings = JSON.parse(options!) as object

connect<UseItty>(url!, settings)
  // An open client is a member already, so nothing is missed.
  .on('open', () => void connect<UseItty>(url!, { as: 'sender', ...settings }).send('by wss'))
  .on('message', (event) => {
    process.stdout.write(JSON.stringify(event))
    process.exit(0)
  })
  .on('close', () => process.exit(1))
