/** Two peers of one page find each other without any server; what one says, the page shows once the other has heard it. */
export async function showTwoPeers(createPeer) {
  const options = { network: 'package', workBits: 4 }
  const [speaker, listener] = await Promise.all([createPeer(options), createPeer(options)])
  listener.topic('greetings').on('message', ({ from, data }) => {
    if (from === speaker.id) document.body.append(data)
  })
  await Promise.all([speaker.joined(), listener.joined()])
  await speaker.store.put('answer', 42)
  await speaker.topic('greetings').publish(`hello, ${await listener.store.get('answer')}`)
}
