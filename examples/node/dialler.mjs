// A dialler of one function: it calls a number over UDP, and gives up when its patience is over. Put your own here.
import dgram from "node:dgram";
import { randomBytes } from "node:crypto";

const [host, port] = (process.env.SIMCARRIER_ADDRESS ?? "127.0.0.1:5060").split(/:(?=\d+$)/);

/** One stream of audio, on the port that discards. */
const offer = (address) =>
  ["v=0", `o=- 1 1 IN IP4 ${address}`, "s=-", `c=IN IP4 ${address}`, "t=0 0", "m=audio 9 RTP/AVP 8", ""].join("\r\n");

/** Calls a number and hangs up as soon as it is answered. Resolves to the codes that came, such as [100, 486]. */
export function dial(called, { caller = "+493012345678", patience = 3000 } = {}) {
  const socket = dgram.createSocket("udp4");
  const [callId, tag] = [randomBytes(8).toString("hex"), randomBytes(4).toString("hex")];
  const codes = [];
  let to = `<sip:${called}@${host}>`;

  return new Promise((resolve) => {
    const send = (method, branch, cseq = 1, sent = () => {}) => {
      const { address, port: own } = socket.address();
      const body = method === "INVITE" ? offer(address) : "";
      const lines = [
        `${method} sip:${called}@${host}:${port} SIP/2.0`,
        `Via: SIP/2.0/UDP ${address}:${own};branch=z9hG4bK${callId}${branch};rport`,
        "Max-Forwards: 70",
        `From: <sip:${caller}@dialler.example>;tag=${tag}`,
        `To: ${to}`,
        `Call-ID: ${callId}`,
        `CSeq: ${cseq} ${method}`,
        `Contact: <sip:dialler@${address}:${own}>`,
        ...(body ? ["Content-Type: application/sdp"] : []),
        `Content-Length: ${body.length}`,
      ];
      socket.send(`${lines.join("\r\n")}\r\n\r\n${body}`, Number(port), host, sent);
    };
    const over = () => {
      clearTimeout(timer);
      socket.close(() => resolve(codes));
    };
    const timer = setTimeout(() => (codes.length ? send("CANCEL", "") : over()), patience);

    socket.on("message", (message) => {
      const text = message.toString();
      const code = Number(text.slice(8, 11));
      const method = /^CSeq: *\d+ +(\w+)/im.exec(text)?.[1];
      if (method === "BYE") return over();
      if (method !== "INVITE") return;
      codes.push(code);
      if (code < 200) return;
      to = /^To: *(.*)\r$/im.exec(text)[1];
      if (code >= 300) return send("ACK", "", 1, over);
      send("ACK", "-ack");
      send("BYE", "-bye", 2);
    });
    socket.bind(0, "127.0.0.1", () => send("INVITE", ""));
  });
}
