//! RTP, RTCP and payload formats: bytes in, views and bytes out.
