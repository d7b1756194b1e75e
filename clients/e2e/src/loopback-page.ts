// A page without any server: two peer connections in one tab, for checking the oracles themselves. Its hash chooses
// what is sent: "moving" (camera and tone), "frozen" (one still picture and silence).
export const LOOPBACK_PAGE = `<!doctype html><html lang="en"><meta charset="utf-8"><title>loopback</title>
<body><div id="remote"></div><script>
(async () => {
  const frozen = location.hash === "#frozen";
  let stream;
  if (frozen) {
    const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 180 });
    const context = canvas.getContext("2d");
    const paint = () => { context.fillStyle = "#48a"; context.fillRect(0, 0, 320, 180); context.fillStyle = "#fff"; context.fillRect(80, 40, 90, 90); };
    paint(); setInterval(paint, 66);
    stream = canvas.captureStream(15);
    const audio = new AudioContext(); await audio.resume();
    const silence = audio.createMediaStreamDestination();
    const gain = audio.createGain(); gain.gain.value = 0;
    const tone = audio.createOscillator(); tone.connect(gain).connect(silence); tone.start();
    stream.addTrack(silence.stream.getAudioTracks()[0]);
  } else {
    stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 360 } });
  }
  const near = new RTCPeerConnection(), far = new RTCPeerConnection();
  const gathered = (connection) => new Promise((resolve) => {
    connection.onicecandidate = (event) => { if (event.candidate === null) resolve(); };
  });
  far.ontrack = (event) => {
    const element = document.createElement(event.track.kind);
    element.autoplay = true;
    element.playsInline = true;
    if (event.track.kind === "video") element.width = 320;
    element.srcObject = new MediaStream([event.track]);
    document.querySelector("#remote").append(element);
  };
  for (const track of stream.getTracks()) near.addTrack(track, stream);
  const nearGathered = gathered(near), farGathered = gathered(far);
  await near.setLocalDescription();
  await nearGathered;
  await far.setRemoteDescription(near.localDescription);
  await far.setLocalDescription();
  await farGathered;
  await near.setRemoteDescription(far.localDescription);
  console.log("candidates: " + (far.localDescription.sdp.match(/a=candidate.*/g) ?? []).join(" | "));
})().catch((error) => console.error("loopback: " + error));
</script></body></html>`;
